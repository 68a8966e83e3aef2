#!/usr/bin/python3
"""Golden tests of probe insertion: probe/NAME.s must give probe/NAME.out, or fail with the message in probe/NAME.err.

With --update the expected files are written anew: read their difference before committing it."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent / "probe"


def main():
    tool, update = sys.argv[1], "--update" in sys.argv[2:]
    passed = failed = 0
    for source in sorted(HERE.glob("*.s")):
        run = subprocess.run([tool, str(source)], capture_output=True, text=True, timeout=20)
        good = run.returncode == 0
        wanted = source.with_suffix(".out" if good else ".err")
        got = run.stdout if good else run.stderr
        if update:
            source.with_suffix(".err" if good else ".out").unlink(missing_ok=True)
            wanted.write_text(got)
        both = source.with_suffix(".out").exists() + source.with_suffix(".err").exists()
        if both == 1 and wanted.exists() and wanted.read_text() == got:
            passed += 1
        else:
            failed += 1
            print(f"{source.name}: status {run.returncode}, differs from {wanted.name}\n{got}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or passed == 0


sys.exit(main())
