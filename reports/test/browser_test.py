#!/usr/bin/python3
"""The page in a real browser: no console message, nothing wider than the screen, filter and sort under a second, at
phone and desktop width, light and dark. Not in make check: it needs Chromium.

Usage: browser_test.py PAGE.html FOLDER      leaves FOLDER/phone.png, desktop.png, dark.png
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

PAGE, FOLDER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0"]
PROBE = """<script>
addEventListener('load', () => {
  const told = {load: performance.now()};
  const timed = (name, f) => { const t = performance.now(); f(); document.body.offsetHeight; told[name] = performance.now() - t; };
  const visible = () => [...document.querySelectorAll('#table tbody tr')].filter((r) => !r.hidden);
  const rows = visible().length, first = visible()[0].cells[0].textContent.trim();
  const search = document.getElementById('search');
  timed('filter', () => { search.value = first; search.dispatchEvent(new Event('input')); });
  told.found = visible().length;
  told.entries = [...document.querySelectorAll('.entry')].filter((e) => !e.hidden).length;
  timed('unfilter', () => { search.value = ''; search.dispatchEvent(new Event('input')); });
  const bounds = () => visible().map((r) => Number(r.cells[1].dataset.v));
  timed('sort', () => document.querySelector('#table th:nth-child(2)').click());
  told.sorted = bounds().every((b, i, all) => i === 0 || all[i - 1] <= b);
  timed('open', () => { for (const d of document.querySelectorAll('details')) d.open = true; });
  told.rows = rows;
  told.wide = document.documentElement.scrollWidth - innerWidth;
  document.title = 'TOLD ' + JSON.stringify(told);
});
</script></body>"""
passed = failed = 0


def check(name, good, told=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {name} {told}")


def chromium(page, size, *more):
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run(["chromium", *FLAGS, f"--user-data-dir={profile}", f"--window-size={size}", *more, "file://" + page], capture_output=True, text=True,
                              timeout=240, stdin=subprocess.DEVNULL)


def console(r):
    return re.findall(r".*:CONSOLE.*", r.stderr)


def main():
    import json
    if not shutil.which("chromium"):
        sys.exit("browser_test: chromium is not there: install it with apt")
    os.makedirs(FOLDER, exist_ok=True)
    check("under 5 MB", os.path.getsize(PAGE) < 5_000_000)
    probed = os.path.join(FOLDER, "probed.html")
    with open(PAGE) as f, open(probed, "w") as out:
        out.write(f.read().replace("</body>", PROBE))
    for name, size in (("phone", "500,900"), ("desktop", "1280,900")):
        r = chromium(probed, size, "--dump-dom")
        told = re.search(r"<title>TOLD (\{.*?\})</title>", r.stdout)
        check(f"{name}: the page ran", told, r.stderr[-300:])
        check(f"{name}: the console is silent", not console(r), console(r))
        if told:
            t = json.loads(told[1])
            check(f"{name}: loading, filter and sort take under a second each", max(t["load"], t["filter"], t["unfilter"], t["sort"]) < 1000, t)
            check(f"{name}: the filter leaves fewer, and the same entries", 1 <= t["found"] == t["entries"] < t["rows"], t)
            check(f"{name}: sorted", t["sorted"], t)
            check(f"{name}: nothing is wider than the screen, all opened", t["wide"] <= 0, t)
            print(f"{name}: " + ", ".join(f"{k} {t[k]:.0f} ms" for k in ("load", "filter", "unfilter", "sort", "open")))
    for name, size, more in (("phone", "500,1600", ()), ("desktop", "1280,1600", ()), ("dark", "1280,1600", ("--force-dark-mode",))):
        chromium(PAGE, size, f"--screenshot={FOLDER}/{name}.png", *more)
        check(f"{name}.png", os.path.exists(f"{FOLDER}/{name}.png"))
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
