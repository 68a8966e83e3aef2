#!/usr/bin/python3
"""The blind suite: platforms from a seed over the whole grid, each inferred from timing alone, each value compared with the file's.

    blind.py TOOL [--seed N] [--count N] [--only I,J,...] [--jobs N] [--keep DIR] [--quiet]

TOOL PLATFORM.ini prints a model. A value may be unknown; a wrong one fails. Ends with "N passed, N failed", a platform each.
A model is exact if every value is known and right, but for those that no timing shows:
  write       of L1D where dirty evictions cost nothing there and in L2; of L2 where they cost nothing in L2
  write, evict_dirty
              of a one-way L2 none larger than a way of L1D, which writes back and allocates: when L1D gives up a line for another, L2 has
              just given it up for the same one, so nothing there is ever dirty
  evict_dirty, write
              of a lone L1D without L2, for an L2 that never hits may evict dirty lines
  allocate    of L2 where L1D allocates, so that no store reaches L2
  miss, L2    where there is one first-level cache alone and no L2: one that never hits would look the same (the cold cost is known)
"""
import argparse, concurrent.futures, json, os, random, subprocess, sys, tempfile, time

POLICIES = ["lru", "fifo", "plru", "nru", "mru", "srrip", "random"]
WAYS = [1, 2, 3, 4, 6, 8, 12, 16]
LINES = [16, 32, 64, 128]
ENTRIES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]
SETS = [1 << n for n in range(11)]
CLASSES = ["alu", "mul", "div", "fp", "load", "store", "branch", "branch_taken", "jump", "csr", "fence", "trap", "return", "device_access"]
UNKNOWN = "unknown"


# ---- platforms ---------------------------------------------------------------------------------------------------------------------

def penalty(r):
    return r.choice([3, r.randint(3, 10), r.randint(10, 60), r.randint(60, 200), 200])


def cache(r, index, least_line=16):
    policy = POLICIES[index % len(POLICIES)]
    ways = r.choice([w for w in WAYS if policy != "plru" or w & (w - 1) == 0])
    return {"line": r.choice([n for n in LINES if n >= least_line]), "sets": r.choice(SETS), "ways": ways, "policy": policy, "miss": penalty(r)}


def stores(r, c):
    c["write"] = r.choice(["back", "back", "through"])
    c["allocate"] = r.choice(["yes", "yes", "no"])
    c["evict_dirty"] = r.choice([0, 1, 2, r.randint(1, 60), r.randint(1, 60), r.randint(1, 60)])
    return c


def generate(seed, index):
    r = random.Random(f"{seed} {index}")
    p = {"core": {"isa": "rv64gc", "clock_hz": r.randint(1, 3000) * 1000000}}
    for name in CLASSES:
        p["core"][name] = r.choice([r.randint(1, 4), r.randint(1, 40)])
    if index % 4 == 3:
        p["core"]["jitter"] = r.randint(1, 2)
    p["l1i"] = cache(r, index)
    p["l1d"] = stores(r, cache(r, index + index // len(POLICIES)))
    if index % 2:
        p["l2"] = stores(r, cache(r, index // 2 + index // 11, max(p["l1i"]["line"], p["l1d"]["line"])))
    if index % 31 == 30:
        del p[r.choice(["l1i", "l1d"])]
    if index % 5 == 4:
        for tlb in ("itlb", "dtlb"):
            policy = r.choice(POLICIES[:6] * 3 + ["random"])
            entries = r.choice([n for n in ENTRIES if policy != "plru" or n & (n - 1) == 0])
            p[tlb] = {"entries": entries, "page": r.choice([4096, 4096, 4096, 8192, 65536, 2097152]), "policy": policy, "miss": penalty(r)}
        if index % 15 == 14:
            del p[r.choice(["itlb", "dtlb"])]
    p["memory"] = {"ram": 134217728}
    p["uncached"] = {"base": "0x87e00000", "size": "0x200000"}
    p["counter"] = {"address": "0x87fff000"}
    p["run"] = {"qemu": "-cpu rv64,sstc=on,v=off"}
    return p


def write_ini(p, path):
    with open(path, "w") as f:
        for section, keys in p.items():
            f.write(f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) + "\n")


def is_random(p):
    caches = any(p[c]["policy"] == "random" and p[c]["ways"] > 1 for c in ("l1i", "l1d", "l2") if c in p)
    return caches or any(p[t]["policy"] == "random" and p[t]["entries"] > 1 for t in ("itlb", "dtlb") if t in p)


# ---- comparison --------------------------------------------------------------------------------------------------------------------

class Verdict:
    """What a model got wrong, and what it left open that can be seen."""

    def __init__(self):
        self.wrong, self.open = [], []

    def value(self, what, got, true, hidden=False):
        if got == UNKNOWN:
            if not hidden:
                self.open.append(what)
        elif got != true:
            self.wrong.append(f"{what} = {got}, is {true}")


def same_policy(policy, ways):
    if ways == 1:
        return set(POLICIES)
    if ways == 2 and policy in ("lru", "plru", "mru"):
        return {"lru", "plru", "mru"}
    return {policy}


def evict(c):
    return c["evict_dirty"] if c["write"] == "back" else 0


def permutation(policy, ways):
    """A permutation policy's table, from its definition: lines in the order in which misses would evict them, before and after a hit."""
    def miss(state):
        order, tree = state
        if policy != "plru":
            return order[-1], ([None] + order[:-1], tree)
        node = 1
        while node < ways:
            node = 2 * node + tree.get(node, 0)
        return order[node - ways], touch((order[:node - ways] + [None] + order[node - ways + 1:], tree), node - ways)

    def touch(state, at):
        order, tree = state
        if policy == "lru":
            return [order[at]] + order[:at] + order[at + 1:], tree
        if policy == "fifo":
            return state
        tree, node = dict(tree), ways + at
        while node > 1:
            tree[node // 2] = 1 - node % 2
            node //= 2
        return order, tree

    def eviction(state):
        gone = []
        for _ in range(ways):
            line, state = miss(state)
            gone.append(line)
        return gone[::-1]  # by position: the last to go is first

    full = (list(range(ways)), {})
    rows, positions = [], eviction(full)
    for line in positions:
        after = eviction(touch(full, full[0].index(line)))
        rows.append([after.index(other) for other in positions])
    return rows


def compare_policy(v, name, got, policy, ways):
    if got["policy_class"] == ["permutation"]:
        if policy not in ("lru", "fifo", "plru") or got["permutation"] != permutation(policy, ways):
            v.wrong.append(f"{name}.permutation is not that of {policy}")
        else:
            v.open.append(f"{name}.policy by table")
    elif not got["policy_class"]:
        v.open.append(f"{name}.policy")
    elif set(got["policy_class"]) != same_policy(policy, ways):
        v.wrong.append(f"{name}.policy = {got['policy_class']}, is {policy}")


def compare_tlb(v, name, got, p):
    true = p[name.lower()]
    for key in ("entries", "page", "miss"):
        v.value(f"{name}.{key}", got[key], true[key])
    compare_policy(v, name, got, true["policy"], true["entries"])


def alone(p):
    return "l2" not in p and ("l1i" in p) != ("l1d" in p)


def never_dirty(p):
    """L2, by the rules of the board; or it looks as if, for what is dirty there costs nothing."""
    d, two = p["l1d"], p["l2"]
    return (d["write"] == "back" or evict(two) == 0) and d["allocate"] == "yes" and two["ways"] == 1 and two["line"] * two["sets"] <= d["line"] * d["sets"]


def compare_cache(v, name, got, p):
    true = p[name.lower()]
    for key in ("line", "sets", "ways"):
        v.value(f"{name}.{key}", got[key], true[key])
    v.value(f"{name}.miss", got["miss"], true["miss"], alone(p))
    if name != "L2":
        v.value(f"{name}.cold", got["cold"], true["miss"] + (p["l2"]["miss"] if "l2" in p else 0))
    compare_policy(v, name, got, true["policy"], true["ways"])
    if name == "L1I" or "l1d" not in p:  # no store reaches it
        if "write" in got:
            v.wrong.append(f"{name}: stores do not reach it")
        return
    below = evict(p["l2"]) if "l2" in p else 0
    hidden = never_dirty(p) if name == "L2" else alone(p)
    v.value(f"{name}.write", got["write"], true["write"], hidden or (evict(true) == 0 and below == 0))
    v.value(f"{name}.evict_dirty", got["evict_dirty"], evict(true), hidden)
    v.value(f"{name}.allocate", got["allocate"], true["allocate"], name == "L2" and p["l1d"]["allocate"] == "yes")


def compare(p, m):
    v = Verdict()
    got = {c["name"]: c for c in m["caches"] + m["tlbs"]}
    for name in ("L1I", "L1D", "L2", "ITLB", "DTLB"):
        there = name.lower() in p
        if name in got and not there:
            v.wrong.append(f"{name}: there is none")
        elif name in got:
            (compare_tlb if name.endswith("TLB") else compare_cache)(v, name, got[name], p)
        elif name in m["absent"] and there:
            v.wrong.append(f"{name}: called absent")
        elif name not in m["absent"]:
            if not (name == "L2" and alone(p)):
                v.open.append(name)
            if not any(u.startswith(name) for u in m["unknown"]):
                v.wrong.append(f"{name}: passed over in silence")
    core = p["core"]
    for name in CLASSES:
        v.value(f"latency of {name}", m["latencies"][name], core[name])
    v.value("counter overhead", m["counter_overhead"], core["load"] + core["store"] + 2 * core["device_access"])
    v.value("jitter", m["jitter"], core.get("jitter", 0))
    if m["falsification"]["mismatches"]:
        v.open.append("falsified")
    return v


# ---- running -----------------------------------------------------------------------------------------------------------------------

def run_one(tool, p, path):
    write_ini(p, path)
    start = time.monotonic()
    try:
        done = subprocess.run([tool, path], capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return None, "no answer within 120 s", 120.0
    seconds = time.monotonic() - start
    if done.returncode:
        return None, done.stderr.strip(), seconds
    return compare(p, json.loads(done.stdout)), "", seconds


def describe(p):
    words = []
    for c in ("l1i", "l1d", "l2"):
        if c in p:
            t = p[c]
            words.append(f"{c} {t['line']}x{t['sets']}x{t['ways']} {t['policy']}")
    words += [f"{t} {p[t]['entries']} x {p[t]['page'] >> 10}K {p[t]['policy']}" for t in ("itlb", "dtlb") if t in p]
    return ", ".join(words) + (f", jitter {p['core']['jitter']}" if "jitter" in p["core"] else "")


def main():
    a = argparse.ArgumentParser()
    a.add_argument("tool")
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--count", type=int, default=64)
    a.add_argument("--only")
    a.add_argument("--jobs", type=int, default=2)
    a.add_argument("--keep")
    a.add_argument("--quiet", action="store_true")
    o = a.parse_args()
    indexes = [int(i) for i in o.only.split(",")] if o.only else range(o.count)
    started, failed, exact, deterministic, slowest = time.monotonic(), 0, 0, 0, 0.0
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        platforms = [generate(o.seed, i) for i in indexes]
        folder = o.keep or work
        results = pool.map(lambda x: run_one(o.tool, x[1], os.path.join(folder, f"board{x[0]}.ini")), zip(indexes, platforms))
        for i, p, (v, error, seconds) in zip(indexes, platforms, results):
            slowest = max(slowest, seconds)
            plain = not is_random(p) and "jitter" not in p["core"]
            deterministic += plain
            if v is None or v.wrong:
                failed += 1
                print(f"board {i} ({describe(p)}): WRONG: {error or '; '.join(v.wrong)}", flush=True)
            else:
                exact += plain and not v.open
                if not o.quiet:
                    print(f"board {i} ({describe(p)}): {'unknown: ' + ', '.join(v.open) if v.open else 'exact'} [{seconds:.1f} s]", flush=True)
    print(f"exact: {exact} of {deterministic} deterministic ones; slowest {slowest:.1f} s, all {time.monotonic() - started:.0f} s")
    print(f"{len(platforms) - failed} passed, {failed} failed")
    return 1 if failed or exact < 0.95 * deterministic else 0


if __name__ == "__main__":
    sys.exit(main())
