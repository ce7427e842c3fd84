"""The shop's server. What tracking asks of it is in the lines that name `track`, the outbox and two middlewares."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from examples.shop import database, outside, tracking
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from generated.backend import Context, track
from generated.backend.endpoint import AsgiEndpoint
from generated.backend.middleware import AsgiMiddleware
from pydantic import BaseModel, Field
from starlette.middleware.sessions import SessionMiddleware

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = Path(__file__).resolve().parent / "page"
POLICY: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class Credentials(BaseModel):
    """Who signs up or logs in."""

    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    password: Annotated[str, Field(min_length=8, max_length=200)]


class Basket(BaseModel):
    """What somebody wants to buy, and how it is to travel."""

    lines: Annotated[dict[str, Annotated[int, Field(ge=1, le=99)]], Field(min_length=1, max_length=50)]
    method: Literal["standard", "next_day"] = "standard"


class Payment(BaseModel):
    """The card that an order is paid with."""

    order_id: str
    card: str


class Reported(BaseModel):
    """What the world outside reports."""

    order_id: str
    refund_id: str = ""
    amount: int = 0
    reason: Literal["returned", "damaged", "late", "goodwill"] = "returned"
    parcel_id: str = ""
    delivered_at: str = ""
    days: int = 0


def euros(cents: int) -> Decimal:
    """Write an amount as events have it."""
    return Decimal(cents) / 100


def person(request: Request) -> str:
    """Give who is logged in; nobody is a 401."""
    user_id: str | None = request.session.get("user_id")
    if user_id is None:
        raise HTTPException(401, "Log in first.")
    return user_id


Person = Annotated[str, Depends(person)]


async def signed(request: Request) -> Reported:
    """Read a webhook that is signed by the world outside."""
    body = await request.body()
    if not outside.is_signed(body, request.headers.get(outside.SIGNATURE, ""), os.environ["SHOP_WEBHOOK_SECRET"]):
        raise HTTPException(403, "Not signed by us.")
    return Reported.model_validate_json(body)


Webhook = Annotated[Reported, Depends(signed)]


def shown(order: Any) -> dict[str, Any]:
    """Write an order for its customer."""
    lines = [
        {name: line[name] for name in ("product_id", "name", "quantity", "price", "category")}
        for line in json.loads(order["lines"])
    ]
    amounts = {name: order[name] / 100 for name in ("subtotal", "tax", "shipping", "total")}
    return {"order_id": database.name_of(order["number"]), "status": order["status"], "method": order["method"],
            "currency": "EUR", "lines": lines, **amounts}  # fmt: skip


def create() -> FastAPI:
    """Make the application. SHOP_DATABASE names its file, SHOP_PARCEL_SECONDS lets parcels arrive by themselves."""
    path = tracking.data_file()
    os.environ.setdefault("SHOP_WEBHOOK_SECRET", secrets.token_hex(16))
    parcel_seconds = float(os.environ.get("SHOP_PARCEL_SECONDS", "0"))
    database.prepare(path)
    outbox = tracking.set_up()

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        outbox.close(5.0)

    app = FastAPI(title="Acme Shop", lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)

    def exists(event: str, key: Any) -> bool | None:
        """Tell the endpoint whether a browser's copy is about something that happened."""
        if event != "purchase_completed":
            return None
        with database.reading(path) as connection:
            return database.is_paid(connection, key["order_id"])

    # The last one is the outermost: sessions, then whose request it is, then what the page uploads.
    app.add_middleware(AsgiEndpoint, exists=exists)
    app.add_middleware(AsgiMiddleware, user=lambda scope: scope["session"].get("user_id"))
    secret = os.environ.get("SHOP_SECRET") or secrets.token_hex(32)
    app.add_middleware(SessionMiddleware, secret_key=secret, session_cookie="shop_session", same_site="lax")

    @app.exception_handler(database.RefusedError)
    def refused(_: Request, error: database.RefusedError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 409)

    @app.get("/api/products")
    def products() -> list[dict[str, Any]]:
        with database.reading(path) as connection:
            found = connection.execute("SELECT * FROM products ORDER BY rowid").fetchall()
        return [{**product, "price": product["cents"] / 100} for product in found]

    @app.get("/api/me")
    def me(request: Request) -> dict[str, Any]:
        user_id = request.session.get("user_id")
        with database.reading(path) as connection:
            if not user_id or not database.record_of(connection, user_id):
                return {"user_id": None, "orders": []}
            return {"user_id": user_id, "orders": [shown(order) for order in database.orders_of(connection, user_id)]}

    # --- accounts ---

    @app.post("/api/accounts", status_code=201)
    def sign_up(credentials: Credentials, request: Request) -> dict[str, str]:
        context = Context.current()
        attempt = None if context is None else context.attempt
        with database.transaction(path) as connection:
            user_id = database.sign_up(connection, credentials.email, credentials.password, attempt)
            request.session["user_id"] = user_id
            with outbox.using(connection):
                track.user_signed_up(signup_method="email_password")
        return {"user_id": user_id}

    @app.post("/api/login")
    def log_in(credentials: Credentials, request: Request) -> dict[str, str]:
        with database.reading(path) as connection:
            user_id = database.log_in(connection, credentials.email, credentials.password)
        request.session["user_id"] = user_id
        return {"user_id": user_id}  # the page tells of the login: the plan says so

    @app.post("/api/logout", status_code=204)
    def log_out(request: Request) -> None:
        request.session.clear()

    # --- orders ---

    @app.post("/api/orders", status_code=201)
    def place(basket: Basket, user_id: Person) -> dict[str, Any]:
        with database.transaction(path) as connection:
            return shown(database.place_order(connection, user_id, basket.lines, basket.method))

    @app.post("/api/orders/complete")
    def complete(payment: Payment, user_id: Person, request: Request) -> dict[str, Any]:
        number = database.number_of(payment.order_id)
        with database.reading(path) as connection:
            order = database.order(connection, number, user_id)
        if order["paid_at"]:
            return shown(order)
        charge = outside.charge(payment.card, order["total"])
        if charge is None:
            raise HTTPException(402, "Your bank declined the card.")
        context = Context.current() or Context()
        with database.transaction(path) as connection:
            order = database.order(connection, number)
            if order["paid_at"]:  # a second press of the button was faster
                return shown(order)
            # The event is committed with the order, or not at all.
            with outbox.using(connection):
                track.purchase_completed(
                    order_id=payment.order_id,
                    currency="EUR",
                    total_amount=euros(order["total"]),
                    subtotal=euros(order["subtotal"]),
                    tax=euros(order["tax"]),
                    shipping=euros(order["shipping"]),
                    item_count=sum(line["quantity"] for line in json.loads(order["lines"])),
                    payment_method="card",
                    delivery={"method": order["method"], "country": "DE", "warehouse": "HAM-2"},
                    items=[
                        {
                            "product_id": line["product_id"],
                            "quantity": line["quantity"],
                            "price": line["price"],
                            "category": line["category"],
                        }
                        for line in json.loads(order["lines"])
                    ],
                )
                for product_id in database.pay(connection, order, charge, context.dump()):
                    track.stock_level_changed(
                        product_id=product_id, state="sold_out", pieces=0, context=Context.system()
                    )
            order = database.order(connection, number)
        if parcel_seconds:
            outside.deliver_later(str(request.base_url).rstrip("/"), os.environ["SHOP_WEBHOOK_SECRET"],
                                  payment.order_id, parcel_seconds)  # fmt: skip
        return shown(order)

    @app.post("/api/orders/{order_id}/return", status_code=202)
    def send_back(order_id: str, user_id: Person, request: Request) -> dict[str, str]:
        with database.reading(path) as connection:
            order = database.order(connection, database.number_of(order_id), user_id)
        if order["status"] != "paid":
            raise HTTPException(409, "There is nothing to give back.")
        outside.refund_later(str(request.base_url).rstrip("/"), os.environ["SHOP_WEBHOOK_SECRET"], order["charge"],
                             order_id, order["total"], "returned")  # fmt: skip
        return {"status": "on its way"}

    # --- the world outside ---

    @app.post("/webhooks/payments", status_code=204)
    def payment_reported(report: Webhook) -> None:
        number = database.number_of(report.order_id)
        with database.transaction(path) as connection:
            order = database.order(connection, number)
            if not database.refund(connection, report.refund_id, number, report.amount):
                return  # they repeat themselves
            # Whom it is about was kept with the order: the provider knows no device and no customer of ours.
            with Context.load(order["tracking"]).activate(), outbox.using(connection):
                track.order_refunded(
                    order_id=report.order_id,
                    currency="EUR",
                    refund_id=report.refund_id,
                    refund_amount=euros(report.amount),
                    reason=report.reason,
                )

    @app.post("/webhooks/carrier", status_code=204)
    def parcel_reported(report: Webhook) -> None:
        number = database.number_of(report.order_id)
        with database.transaction(path) as connection:
            order = database.order(connection, number)
            if not database.deliver(connection, report.parcel_id, number):
                return
            with Context.load(order["tracking"]).activate(), outbox.using(connection):
                track.parcel_delivered(
                    order_id=report.order_id,
                    parcel_id=report.parcel_id,
                    delivered_at=report.delivered_at,
                    days_in_transit=report.days,
                )

    # --- the page ---

    app.mount("/generated/web", StaticFiles(directory=ROOT / "generated" / "web"))
    app.mount("/page", StaticFiles(directory=PAGE))

    @app.get("/favicon.ico", include_in_schema=False)
    def icon() -> Response:
        return FileResponse(PAGE / "pictures" / "tent.svg", media_type="image/svg+xml")

    @app.get("/{anything:path}", include_in_schema=False)
    def page(anything: str) -> Response:
        if anything.startswith(("api/", "webhooks/", "t/")):
            raise HTTPException(404)
        return FileResponse(PAGE / "index.html", headers=POLICY)

    return app
