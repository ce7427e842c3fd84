"""A shop of its own for each test, in every framework."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from . import sites
from .sites import ANOTHER, PERSON, Answer

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def plan_text() -> str:
    """The plan of these tests."""
    return (HERE / "plan.yaml").read_text(encoding="utf-8")


@pytest.fixture
def shop(load: Callable[[str], Any], plan_text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A fresh package that records what it sends."""
    monkeypatch.setenv("SHOP_KEY", "0123456789abcdef")
    package = load(plan_text)
    importlib.import_module(f"{package.__name__}.middleware")
    package.sink = package.RecordingSink()
    package.configure(sink=package.sink, strict=False)
    return package


class Site(NamedTuple):
    """A shop in a framework: `ask(path, headers)` gives the answer."""

    name: str
    shop: Any
    ask: Callable[..., Answer]

    @property
    def events(self) -> list[dict[str, Any]]:
        """All that was sent."""
        return self.shop.sink.events  # type: ignore[no-any-return]

    def steps(self, member: str) -> dict[str, Any]:
        """Give a member of each `seen` event, by its step."""
        return {
            event["event_properties"]["step"]: event.get(member)
            for event in self.events
            if event["event_type"] == "seen"
        }


@pytest.fixture(scope="session")
def django_database(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Django with sessions and users in a database; two of them exist."""
    import django
    from django.conf import settings

    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(tmp_path_factory.mktemp("django") / "database"),
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        SECRET_KEY="a test's secret",
        LOGGING_CONFIG=None,
    )
    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for number in (PERSON, ANOTHER):
        get_user_model().objects.create_user(f"person-{number}", pk=int(number))


@pytest.fixture
def django_settings(shop: Any, django_database: None) -> Iterator[Any]:
    """Django's settings for this shop; what a test changes is undone."""
    from django.test import override_settings

    middleware = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        f"{shop.__name__}.middleware.DjangoMiddleware",
    ]
    with override_settings(MIDDLEWARE=middleware, TRACKSIDE={}):
        from django.conf import settings

        yield settings


def _django(kind: str, shop: Any, settings: Any, options: dict[str, Any]) -> Callable[..., Answer]:
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler

    plain, asynchronous = sites.django_views(shop)
    settings.ROOT_URLCONF = asynchronous if kind.endswith("async views") else plain
    settings.TRACKSIDE = options
    if kind.startswith("django asgi"):
        return sites.asgi_client(ASGIHandler())  # type: ignore[no-untyped-call]
    return sites.wsgi_client(WSGIHandler())  # type: ignore[no-untyped-call]


KINDS = [
    "flask",
    "starlette",
    "fastapi",
    "django wsgi, views",
    "django wsgi, async views",
    "django asgi, views",
    "django asgi, async views",
]


@pytest.fixture
def build(shop: Any, request: pytest.FixtureRequest) -> Callable[..., Site]:
    """Build the shop in a framework, with the options of its middleware."""

    def built(kind: str, **options: Any) -> Site:
        if kind.startswith("django"):
            ask = _django(kind, shop, request.getfixturevalue("django_settings"), options)
        else:
            ask = getattr(sites, f"{kind}_site")(shop, **options)
        return Site(kind, shop, ask)

    return built


@pytest.fixture(params=KINDS)
def site(build: Callable[..., Site], request: pytest.FixtureRequest) -> Site:
    """The shop in each framework."""
    return build(request.param)
