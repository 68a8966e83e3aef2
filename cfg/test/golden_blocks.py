"""One line a block of a cfg JSON: where it is, how it ends, where it goes."""
import json
import sys

for f in json.load(sys.stdin)["functions"]:
    print()
    for b in f["blocks"]:
        goes = [f"{e['kind']} {e['to']}" for e in b["succ"]] + [f"calls {c}" for c in b["calls"]]
        goes += ["resume " + b["resume"]] if "resume" in b else []
        print(f"{f['name']} {b['addr']} {b['insns']} {b['end']}{' open' if b.get('open') else ''}: {', '.join(goes)}")
    for l in f["loops"]:
        print(f"{f['name']} loop {l['header']} depth {l['depth']} entries {' '.join(l['entries'])} blocks {' '.join(l['blocks'])}")
