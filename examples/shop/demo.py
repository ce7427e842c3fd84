"""Run the shop, let somebody visit it, and tell what was counted: `python -m examples.shop.demo`, or `make demo`.

The destination is `trackside collect`, which compares what comes with the plan and ignores duplicates as vendors do;
the worker is the real one; the visit is a browser's where Chromium and Playwright are here, else that of Node. Nothing
leaves this machine. The exit code is 0 only when every fact was counted once, and only the server stated revenue.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from examples.shop import outside
from examples.shop.running import Running, running

VISIT: Final = Path(__file__).parent / "visit" / "story.mjs"
IS_COLOURED: Final = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
WHY: Final = {
    "purchase_completed": "one order, one purchase; only the server states revenue",
    "user_signed_up": "the key is the attempt",
    "order_refunded": "by the payment provider's webhook, for whom the order was",
    "parcel_delivered": "by the carrier's webhook, on the buyer's device",
    "segments_recomputed": "by the nightly job; nobody's device",
    "stock_level_changed": "by the stock itself",
}
FACTS: Final = {
    "user_signed_up": 1,
    "user_logged_out": 1,
    "user_logged_in": 1,
    "product_added_to_cart": 3,
    "purchase_initiated": 3,
    "purchase_completed": 2,
    "stock_level_changed": 1,
    "parcel_delivered": 1,
    "order_refunded": 1,
    "segments_recomputed": 1,
}
"""What the visit makes happen, and how often; beside the pages that were viewed."""


def paint(text: str, *codes: int) -> str:
    """Colour a text, where that is wanted."""
    return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m" if IS_COLOURED else text


def title(text: str) -> None:
    """Begin a part."""
    print(f"\n{paint(text, 1)}\n")


def visit(shop: Running) -> list[dict[str, Any]]:
    """Let somebody visit the shop, and print what happens as it does."""
    copies: list[dict[str, Any]] = []
    with subprocess.Popen(["node", VISIT, shop.shop], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                told = json.loads(line)
                if "by" in told:
                    title(f"A visit to the shop, by {told['by']}")
                if "step" in told:
                    tell_step(told)
                if told.get("sealed"):
                    copies.append({**told["sealed"], "order": told["order"], "fate": told["copy"]})
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise SystemExit(f"The visit did not come to its end.\n{shop.log.read_text(encoding='utf-8')}")
    return copies


def tell_step(told: dict[str, Any]) -> None:
    """Print what the visitor did, and what became of the copy that the page held."""
    what = {
        "confirmed": "the browser's copy is dropped: the server has the fact",
        "refused": "the browser's copy is dropped: there is no fact",
        "": "the browser keeps its copy" if told["sealed"] else "",
    }[told["copy"]]
    print(f"  {told['step']}" + (paint(f"\n      {what}", 2) if what else ""))


def in_the_background(shop: Running, order_id: str) -> None:
    """Let happen what happens without a browser."""
    parcel = {
        "order_id": order_id,
        "parcel_id": "00340434161094042557",
        "delivered_at": datetime.now(UTC).isoformat(),
        "days": 2,
    }
    for _ in range(2):
        assert outside.call(f"{shop.shop}/webhooks/carrier", parcel, shop.webhook_secret)
    print("  The carrier reports the first parcel, and reports it again, as carriers do")
    for _ in range(2):
        said = shop.nightly()
    print(f"  The nightly job runs, and is started once more by mistake: {said}")


def tell(events: list[dict[str, Any]], copies: list[dict[str, Any]]) -> None:
    """Print the facts in the order in which they happened."""
    title("What the destination counted")
    fates = {copy["insert_id"]: copy["fate"] for copy in copies if copy["fate"] != "refused"}
    pages = Counter(event["event_type"] for event in events)["page_viewed"]
    length = 36 if shutil.get_terminal_size((100, 24)).columns > 95 else 13  # of an insert_id: all, if there is room
    print(paint(f"  {'when':<9}{'fact':<24}{'sent by':<9}{'insert_id':<{length + 2}}revenue", 2))
    for event in sorted(events, key=lambda event: int(event["time"])):
        name, insert_id = event["event_type"], event["insert_id"]
        if name == "page_viewed":
            continue
        when = datetime.fromtimestamp(event["time"] / 1000, UTC).astimezone()
        is_server = event["ingestion_metadata"]["source_name"].endswith("/backend")
        sender = paint(f"{'server':<9}", 35) if is_server else paint(f"{'browser':<9}", 36)
        revenue = f"{event['revenue']:>9,.2f} {event.get('currency', '')}" if "revenue" in event else ""
        print(f"  {when:%H:%M:%S} {name:<24}{sender}{insert_id[:length]:<{length + 2}}{paint(revenue, 1)}".rstrip())
        why = WHY.get(name)
        if insert_id in fates:
            won = "the answer confirmed it" if fates[insert_id] else "the answer was lost, the endpoint knew the fact"
            why = f"the server's copy won; the browser's was dropped: {won}"
        if why:
            print(paint(f"            {why}", 2))
    print(f"\n  and {pages} pages that were viewed, all from the browser")


def two_copies(shop: Running, server: dict[str, Any], copy: dict[str, Any]) -> str:
    """Show both copies of one purchase, and bring the browser's to the endpoint and to the destination by force."""
    title("One purchase, two copies")
    print("The server's, from generated/backend, as it arrived at the destination:\n")
    print(json.dumps(server, indent=2, ensure_ascii=False))
    print("\nThe browser's, from generated/web, as the page had stored it before its request left:\n")
    browser = {name: value for name, value in copy.items() if name not in ("order", "fate")}
    print(json.dumps(browser, indent=2, ensure_ascii=False))
    print()
    for name, event in (("server", server), ("browser", browser)):
        print(f"  {name:<9}insert_id  {event['insert_id']}   device_id  {event['device_id']}")
    upload = {"trackside": 1, "sent_at": browser["time"], "events": [browser]}
    asked = post(f"{shop.shop}/t", upload, "text/plain;charset=UTF-8")
    forced = {name: value for name, value in browser.items() if name != "trackside"}
    post(f"{shop.destination}/2/httpapi", {"api_key": "local", "events": [forced]}, "application/json")
    stats = shop.ask("/stats")
    print("\nThe same insert_id, on the same device. Had the page sent its copy nevertheless:")
    print(f"  our endpoint      knows the fact, and forwards nothing: known {asked['trackside']['known']}")
    print(f"  the destination   has the fact, and ignores the copy: {stats['duplicates']} duplicate, one purchase")
    if asked["trackside"]["known"] != [server["insert_id"]] or stats["duplicates"] != 1:
        return "a copy was counted that should not have been"
    if any(server[name] != browser[name] for name in ("insert_id", "device_id", "event_type")):
        return "the copies are not the same: this purchase would count twice"
    if "revenue" not in server or "revenue" in browser or "tax" in browser["event_properties"]:
        return "revenue or tax stands where it does not belong"
    return ""


def post(address: str, message: dict[str, Any], content_type: str) -> Any:
    """Send something, and read the answer."""
    request = urllib.request.Request(address, json.dumps(message).encode(), {"content-type": content_type})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def faults(events: list[dict[str, Any]], wrong: list[Any]) -> list[str]:
    """List what was not counted as it should have been."""
    counts = Counter(event["event_type"] for event in events)
    found = [f"{name}: {counts[name]}, not {number}" for name, number in FACTS.items() if counts[name] != number]
    found += [f"against the plan: {bad['event']['event_type']}: {bad['reasons']}" for bad in wrong]
    for event in events:
        if event["event_type"] in ("user_signed_up", "purchase_completed"):
            if event["event_properties"].get("initial_utm_source") != "newsletter":
                found.append(f"{event['event_type']} has lost the campaign")
            if "session_id" not in event:
                found.append(f"{event['event_type']} has lost the session")
    return found


def main() -> int:
    """Print the story, and say whether it is the right one."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a story is told as it happens, also into a pipe
    with tempfile.TemporaryDirectory(prefix="shop-") as folder, running(Path(folder)) as shop:
        copies = visit(shop)
        first = copies[0]["order"]
        in_the_background(shop, first)
        shop.settle()
        events: list[dict[str, Any]] = shop.ask("/good")
        tell(events, copies)
        wrong = faults(events, shop.ask("/bad"))
        paid = shop.ask("/good?event=purchase_completed")
        server = next((event for event in paid if event["event_properties"]["order_id"] == first), None)
        copy = next((copy for copy in copies if copy["order"] == first and copy["fate"] == "confirmed"), None)
        if server is None or copy is None:
            wrong.append("the first purchase is not there")
        else:
            wrong += [fault for fault in [two_copies(shop, server, copy)] if fault]
        revenue = sum(event.get("revenue", 0) for event in events)
    if wrong:
        print("\n" + paint("NOT as it should be:", 1, 31), *wrong, sep="\n  ")
        return 1
    title("Each fact counts once, and only the server states revenue.")
    print(f"  156.96 + 21.36 - 156.96 = {revenue:.2f} EUR")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what runs is ended on the way out
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
