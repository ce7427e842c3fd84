"""The local destination: takes what programs send, as the vendor's intake would, and tells what it got.

`upload` reads one request, `project` keeps what came of all of them, `faults` says how the next ones go wrong; these
three are pure. `collector` holds them together, `web` shows them, `app` puts HTTP around them and `server` a port.
Development and tests send here instead of to the vendor. What is documented of the vendor's intake is done as
documented; nothing is sent on.
"""
