"""Stage 6: files are written to disk, or compared with it.

Takes the files that targets yield, one at a time, and leaves either a folder that holds exactly them or a folder as it
was. What the stage keeps for itself lies in `.trackside` beside the plan, named after the plan's file:

- `<plan>.manifest`: the digest and path of every file that a build wrote. It is what makes a file ours to overwrite or
  remove, so it is committed with the files.
- `<plan>.state`: what this machine's last complete build read and ran. It only spares work, so it is not committed.
- `<plan>.journal`: there while a build writes; after a crash the next build finishes from it.
- `<plan>.lock`: held while a build writes.

`digest`, `places`, `manifest` and `state` are what an unchanged `build --check` runs: they import nothing that a bare
interpreter has not imported already.
"""
