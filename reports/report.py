#!/usr/bin/python3
"""One self-contained page from the JSON of potoroo: what each kernel entry can cost, along which path, and on what grounds.

Usage: report.py RESULT.json -o OUT.html [--curves C.json] [--model M.json] [--coverage C.json] [--diff D.json]
                 [--effect E.json] [--history H.json] [--source DIR]
Reads only the JSON contracts (reports/schema/) and, where they lie below DIR, the sources. Same inputs, same bytes.
Exit codes: 2 usage, 3 bad input or a Python package that is not there.
"""
import argparse
import hashlib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WITHOUT_OFFSET = re.compile(r"\+0x[0-9a-f]+")


class BadInput(Exception):
    pass


def load(path, key):
    """The JSON of PATH, which must be an object with KEY (None: a list), and the digest of its bytes."""
    try:
        with open(path, "rb") as f:
            data = f.read()
        value = json.loads(data)
    except (OSError, ValueError) as e:
        raise BadInput(f"{path}: {e.strerror if isinstance(e, OSError) else e}") from None
    if not (isinstance(value, list) if key is None else isinstance(value, dict) and key in value):
        raise BadInput(f"{path}: " + ("it is no list" if key is None else f"it has no '{key}'"))
    return value, hashlib.sha256(data).hexdigest()


class Sources:
    """Lines of source files below a folder; a file that is not there has no lines."""

    def __init__(self, folder):
        self.folder, self.files = folder, {}

    def line(self, name, number):
        if name not in self.files:
            try:
                with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as f:
                    self.files[name] = f.read().split("\n")
            except OSError:
                self.files[name] = []
        lines = self.files[name]
        return lines[number - 1] if 0 < number <= len(lines) else ""


def code_lines(block, sources):
    """The block's instructions in groups: (source line number, its text, instructions)."""
    groups, address = [], int(block["addr"], 16)
    for text, line in zip(block.get("text", ()), block.get("lines", ())):
        if not groups or groups[-1][0] != line:
            groups.append((line, sources.line(block["file"], line).strip() if line else "", []))
        groups[-1][2].append(text)
    return address, groups


def function_of(symbol):
    return WITHOUT_OFFSET.sub("", symbol)


def path_of(entry, blocks, sources, shown):
    """The worst path's steps for the template; the share is of the bound. A block's code is shown once in the page, then linked."""
    bound = entry["bound"] if isinstance(entry["bound"], int) else 0
    most = max((s["total"] for s in entry["worst_path"]), default=0)
    for s in entry["worst_path"]:
        block = blocks.get(s["addr"]) if s["addr"] not in shown else None
        again = s["addr"] in shown
        shown.add(s["addr"])
        yield {**s, "function": function_of(s["symbol"]), "share": s["total"] / bound if bound else 0, "heat": s["total"] / most if most else 0,
               "source": sources.line(s["file"], s["line"]).strip(), "code": code_lines(block, sources)[1] if block else [], "again": again,
               "called": [function_of(c) for c in s["context"].split(">")]}


def by_function(path):
    """Cycles of the worst path by function, largest first."""
    sums = {}
    for s in path:
        sums[s["function"]] = sums.get(s["function"], 0) + s["total"]
    return sorted(sums.items(), key=lambda x: (-x[1], x[0]))


# ---- the graph of a function: its blocks in address order, jumps as arcs beside them ---------------------------------------

ROW, BOX, LEFT = 26, 190, 70


def arc(a, b, side, lane):
    x = LEFT if side < 0 else LEFT + BOX
    y0, y1 = a * ROW + ROW / 2 + 4, b * ROW + ROW / 2 - 4
    out = x + side * (12 + 9 * lane)
    return f"M{x} {y0:g}C{out} {y0:g} {out} {y1:g} {x + side * 3} {y1:g}"


def graph_of(function, counts, totals, most):
    """What the template draws: boxes with heat, arcs; those on the worst path are marked."""
    rank = {b["addr"]: i for i, b in enumerate(function["blocks"])}
    boxes, arcs = [], []
    for i, b in enumerate(function["blocks"]):
        on = counts.get(b["addr"], 0)
        boxes.append({"y": i * ROW + 2, "addr": b["addr"], "line": b["line"], "count": on, "total": totals.get(b["addr"], 0),
                      "heat": round(totals.get(b["addr"], 0) / most, 2) if most else 0, "insns": b["insns"]})
        for to in b["succ"]:
            if to in rank and rank[to] != i + 1:
                k = rank[to]
                hot = bool(on and counts.get(to, 0))
                arcs.append({"d": arc(i, k, 1 if k > i else -1, min(6, abs(k - i) // 2)), "hot": hot})
            elif to in rank:
                arcs.append({"d": f"M{LEFT + BOX / 2:g} {i * ROW + ROW - 2}v4", "hot": bool(on and counts.get(to, 0))})
    return {"name": function["name"], "height": len(boxes) * ROW + 4, "width": LEFT + BOX + 80, "boxes": boxes, "arcs": arcs}


def graphs_of(entry, functions, home):
    counts, totals = {}, {}
    for s in entry["worst_path"]:
        counts[s["addr"]] = counts.get(s["addr"], 0) + s["count"]
        totals[s["addr"]] = totals.get(s["addr"], 0) + s["total"]
    most, order = max(totals.values(), default=0), []
    for s in entry["worst_path"]:
        name = home.get(s["addr"])
        if name is not None and name not in order:
            order.append(name)
    return [graph_of(functions[n], counts, totals, most) for n in order]


# ---- plots ---------------------------------------------------------------------------------------------------------------------

def plotter():
    try:
        import matplotlib
    except ImportError:
        raise BadInput("matplotlib is not there: install python3-matplotlib, or leave out --curves") from None
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "potoroo", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    import matplotlib.pyplot as plt
    return plt


def svg_of(plt, figure):
    import io
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    plt.close(figure)
    return lean(out.getvalue())


def lean(svg):
    """The drawing alone, in the page's font and colour: a page has a plot an entry, and most of what matplotlib writes is not seen."""
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r" transform=\"rotate\(-0 [^\"]*\"| xmlns:\w+=\"[^\"]*\"", "", svg).replace("xlink:href", "href")
    svg = re.sub(r"font: 9px [^;\"]*", "font: 9px sans-serif", svg)
    svg = re.sub(r"<g id=\"[^\"]*\">", "<g>", svg)  # nothing refers to groups
    svg = re.sub(r"(?<=[ \"(])-?\d+\.\d{2,}", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), svg)
    svg = re.sub(r"\s*\n\s*", " ", svg).replace("> <", "><")
    return svg.replace("#000000", "currentColor").replace("stroke: #000", "stroke: currentColor")


def thin(points, limit=120):
    """A curve of at most about LIMIT points; the ends stay."""
    step = max(1, len(points) // limit)
    return points[::step] + ([points[-1]] if points and (len(points) - 1) % step else [])


def plot_entry(plt, curves, number):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
    figure.subplots_adjust(left=0.08, right=0.99, bottom=0.17, top=0.9, wspace=0.22)
    for kind, color in (("observed", "#2f7fd1"), ("combined", "#d1762f")):
        c = curves.get(kind)
        points = thin([p for p in c["curve"] if p[1] > 0]) if c else []
        if points:
            left.step([p[0] for p in points], [p[1] for p in points], where="post", label=kind, color=color, linewidth=1.4)
    if curves.get("bound"):
        left.axvline(curves["bound"], color="#c0392b", linestyle="--", linewidth=1.2, label="bound")
    left.set(yscale="log", xlabel="cycles", ylabel="P(time > cycles)")
    left.legend(frameon=False)
    bins = curves.get("histogram") or []
    if bins:
        right.hist([b[0] for b in bins], weights=[b[1] for b in bins], bins=min(60, max(8, len(bins))), color="#2f7fd1", log=True)
    right.set(xlabel="cycles", ylabel="kernel entries")
    # Placed titles, no minor ticks and plain numbers: laying those out is most of what drawing costs.
    for axes, title in ((left, "exceedance"), (right, "observed times")):
        axes.set_title(title, y=1.0)
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
    svg = svg_of(plt, figure)
    # ids are unique in the page: several figures share it
    return re.sub(r'(id="|url\(#|href="#)', rf"\g<1>f{number}-", svg)


def plot_footprints(plt, model):
    """Latency against footprint: what the second pass over a range costs; capacities as found are marked."""
    series = [(k, c, model["footprint"].get(k) or []) for k, c in (("loads", "#2f7fd1"), ("fetches", "#d1762f"))]
    if not any(points for _, _, points in series):
        return None
    figure, axes = plt.subplots(figsize=(6.4, 2.8))
    figure.subplots_adjust(left=0.1, right=0.99, bottom=0.19, top=0.95)
    for name, color, points in series:
        if points:
            axes.plot([x["bytes"] / 1024 for x in points], [x["cycles"] / x["accesses"] for x in points], marker="o", markersize=2.5, label=name, color=color, linewidth=1.2)
    sizes = {}
    for c in model["caches"]:
        if all(isinstance(c[k], int) and c[k] > 0 for k in ("line", "sets", "ways")):
            sizes.setdefault(c["line"] * c["sets"] * c["ways"] / 1024, []).append(c["name"])
    for size, names in sizes.items():
        axes.axvline(size, color="#8a94a3", linestyle=":", linewidth=1)
        axes.annotate(", ".join(names), (size, 0.97), xycoords=("data", "axes fraction"), rotation=90, ha="right", va="top")
    axes.set(xlabel="footprint in KiB", ylabel="cycles over a hit")
    axes.set_xscale("log", base=2)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda v, _: f"{v:g}")
    axes.legend(frameon=False)
    return re.sub(r'(id="|url\(#|href="#)', r"\g<1>footprint-", svg_of(plt, figure))


def plots_of(path):
    if not path:
        return {}, None
    curves, digest = load(path, "entries")
    plt = plotter()
    plots = {}
    for i, x in enumerate(curves["entries"]):
        plots[x["name"]] = {"svg": plot_entry(plt, x, i), "percentiles": {k: (x[k] or {}).get("percentiles", {}) for k in ("observed", "combined") if x.get(k)},
                            "missing": x.get("missing")}
    return plots, (path, digest)


# ---- history -----------------------------------------------------------------------------------------------------------------

def trend(bounds):
    """A small line through the bounds that there are; None for a commit without one."""
    known = [(i, b) for i, b in enumerate(bounds) if isinstance(b, int)]
    low, high = min((b for _, b in known), default=0), max((b for _, b in known), default=0)
    step = 220 / max(1, len(bounds) - 1)
    return " ".join(f"{5 + i * step:.1f},{30 - 25 * (b - low) / ((high - low) or 1):.1f}" for i, b in known)


def history_of(records):
    names = sorted({n for r in records for n in r["entries"]})
    rows = []
    for n in names:
        bounds = [(r["entries"].get(n) or {}).get("bound") for r in records]
        known = [b for b in bounds if isinstance(b, int)]
        if known:
            rows.append({"name": n, "points": trend(bounds), "first": known[0], "last": known[-1], "low": min(known), "high": max(known)})
    return {"commits": [r.get("commit", "?") for r in records], "rows": rows}


# ---- the page -------------------------------------------------------------------------------------------------------------------

def entries_of(result, plots, sources):
    blocks = {b["addr"]: b for f in result.get("functions", ()) for b in f["blocks"]}
    home = {b["addr"]: f["addr"] for f in result.get("functions", ()) for b in f["blocks"]}
    functions = {f["addr"]: f for f in result.get("functions", ())}
    shown = set()
    for entry in result["entries"]:
        path = list(path_of(entry, blocks, sources, shown))
        yield {**entry, "path": path, "functions": by_function(path), "graphs": graphs_of(entry, functions, home), "plot": plots.get(entry["name"]),
               "id": re.sub(r"[^A-Za-z0-9_-]", "-", entry["name"])}


def loops_of(result):
    for f in result.get("functions", ()):
        for loop in f["loops"]:
            yield {**loop, "slack": loop["max"] is not None and loop["observed"] is not None and loop["observed"] < loop["max"]}


def render(o):
    try:
        import jinja2
    except ImportError:
        raise BadInput("jinja2 is not there: install python3-jinja2") from None
    result, digest = load(o.result, "entries")
    inputs = [("result", o.result, digest)]
    plots, told = plots_of(o.curves)
    if told:
        inputs.append(("curves", *told))
    extra = {}
    for name, key in (("model", "caches"), ("coverage", "units"), ("diff", "entries"), ("effect", "probe_effect"), ("history", None)):
        path = getattr(o, name)
        extra[name] = None
        if path:
            extra[name], digest = load(path, key)
            inputs.append((name, path, digest))
    if extra["history"]:
        extra["history"] = history_of(extra["history"])
    if not extra["model"] and isinstance(result.get("model"), dict):
        extra["model"] = result["model"]
    if extra["model"] and extra["model"].get("footprint"):
        extra["footprint"] = plot_footprints(plotter(), extra["model"])
    sources = Sources(o.source)
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.ChainableUndefined)
    env.filters["thousands"] = lambda n: f"{n:,}".replace(",", "\u202f") if isinstance(n, int) else n
    env.filters["percent"] = lambda x: f"{100 * x:.1f} %"
    return env.get_template("report.html.j2").render(r=result, entries=list(entries_of(result, plots, sources)), loops=list(loops_of(result)), inputs=inputs,
                                                     largest=max((e["bound"] for e in result["entries"] if isinstance(e["bound"], int)), default=0), **extra)


def main():
    p = argparse.ArgumentParser(prog="potoroo report", add_help=False, allow_abbrev=False)
    p.add_argument("result")
    p.add_argument("-o", "--output", required=True)
    for name in ("curves", "model", "coverage", "diff", "effect", "history"):
        p.add_argument(f"--{name}")
    p.add_argument("--source", default=".")
    o = p.parse_args()
    try:
        page = render(o)
        beside = f"{o.output}.new"
        with open(beside, "w", encoding="utf-8") as f:
            f.write(page)
        os.replace(beside, o.output)
    except BadInput as e:
        print(f"potoroo report: {e}", file=sys.stderr)
        return 3
    except (KeyError, TypeError, AttributeError) as e:
        print(f"potoroo report: {o.result}: not as reports/schema/wcet.json says: {e!r}", file=sys.stderr)
        return 3
    except OSError as e:
        print(f"potoroo report: {o.output}: {e.strerror}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
