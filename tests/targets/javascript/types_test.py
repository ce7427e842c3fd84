"""What TypeScript says of the generated declarations, and of the runtime's own types."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import node

from trackside.pipeline import analyse
from trackside.targets.javascript import render

HERE = Path(__file__).parent
CASES = HERE.parents[1] / "cases"
STRICT = {
    "strict": True,
    "noEmit": True,
    "target": "es2022",
    "lib": ["es2022", "dom"],
    "module": "esnext",
    "moduleResolution": "bundler",
    "types": [],
    "skipLibCheck": False,
    "noUncheckedSideEffectImports": True,
}


def compiles(folder: Path, files: list[str], **options: object) -> str:
    """Run tsc over files of a folder and return what it complains of."""
    (folder / "tsconfig.json").write_text(
        json.dumps({"compilerOptions": STRICT | options, "files": files}), encoding="utf-8"
    )
    code, said = node.tool("tsc", "-p", ".", cwd=folder)
    assert (code == 0) == (said == "")
    return said


@pytest.fixture
def beside(web: Path, tmp_path: Path) -> Path:
    """A folder with the generated one in it, and the vendor's SDK within reach."""
    shutil.copytree(web, tmp_path / "web")
    (tmp_path / "node_modules").symlink_to(node.tools())
    return tmp_path


def test_call_sites(beside: Path) -> None:
    shutil.copy(HERE / "types" / "calls.ts", beside)
    # The vendor's own declarations are not ours to judge.
    assert compiles(beside, ["calls.ts"], exactOptionalPropertyTypes=True, skipLibCheck=True) == ""


def test_every_wrong_call_is_found_by_itself(beside: Path) -> None:
    """The comments that expect an error do not hide one that is there for another reason."""
    text = (HERE / "types" / "calls.ts").read_text(encoding="utf-8")
    wrong = text.count("// @ts-expect-error")
    assert wrong > 35
    (beside / "calls.ts").write_text(text.replace("// @ts-expect-error", "// "), encoding="utf-8")
    said = compiles(beside, ["calls.ts"], skipLibCheck=True)
    found = {line.split("(")[1].split(",")[0] for line in said.splitlines() if line.startswith("calls.ts(")}
    assert len(found) == wrong
    expected = {
        str(number + 2) for number, line in enumerate(text.splitlines()) if line.startswith("// @ts-expect-error")
    }
    assert found == expected


def test_declarations_of_every_story(tmp_path: Path) -> None:
    """All declarations of all golden cases pass, library checks included."""
    files = []
    for story in sorted(path for path in CASES.iterdir() if (path / "plan.yaml").is_file()):
        analysis = analyse(story / "plan.yaml")
        if analysis.plan is None or analysis.bag.has_errors:
            continue
        for source in analysis.plan.sources.values():
            if source.target == "javascript":
                for file in render(analysis.plan, source):
                    path = tmp_path / story.name / file.path
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(file.text, encoding="utf-8")
                files.append(f"{story.name}/{source.out}/index.d.ts")
    assert len(files) > 10
    assert compiles(tmp_path, files) == ""


def test_the_runtime_and_the_modules(
    web: Path, shop: Path, compile_plan: Callable[[str], Path], plan_text: str
) -> None:
    """The JavaScript itself passes, by its comments."""
    unchecked = compile_plan(plan_text.replace("out: web,", "out: web, checks: development,"))
    for folder in (web, shop, unchecked):
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.js"))
        assert "runtime/values.js" in files
        said = compiles(folder, files, allowJs=True, checkJs=True, noUnusedLocals=True, noUnusedParameters=True)
        (folder / "tsconfig.json").unlink()
        assert said == ""


def test_the_declarations_are_those_of_the_modules(beside: Path) -> None:
    """`index.d.ts` promises what `index.js` has: each value is assignable to its declaration."""
    shutil.copytree(beside / "web", beside / "plain")
    (beside / "plain" / "index.d.ts").unlink()
    (beside / "same.ts").write_text(
        'import * as declared from "./web/index.js";\n'
        'import * as real from "./plain/index.js";\n'
        "const check: { [Name in keyof typeof declared]: (typeof declared)[Name] } = real as unknown as "
        "{ [Name in keyof typeof real]: (typeof declared)[Name] };\n"
        "const back: { [Name in keyof typeof real]: unknown } = declared;\n"
        "const functions: Pick<typeof declared, 'configure' | 'setConsent' | 'stats' | 'capture' | 'login' | 'reset' | "
        "'optOut' | 'setContext' | 'identify' | 'pageViewed' | 'loggedIn' | 'orderPaid' | 'heartBeat'> = real;\n"
        "const options: (typeof declared)['sdkOptions'] = real.sdkOptions as { serverZone: 'EU' } & "
        "typeof real.sdkOptions;\n"
        "export { check, back, functions, options };\n",
        encoding="utf-8",
    )
    assert compiles(beside, ["same.ts"], allowJs=True) == ""
