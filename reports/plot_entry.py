#!/usr/bin/python3
"""One picture an entry: the histogram of whole entries above, the exceedance on a logarithmic axis below, with the high-water mark and
the bound across both.

usage: plot_entry.py CURVES.json ENTRY -o OUT.png
CURVES.json is what `potoroo profile curve --json` prints."""
import argparse
import json
import sys
import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

OBSERVED, COMBINED, BAND, WALL, MARK = "#20639b", "#e07b00", "#20639b", "#b3001b", "#2f7d32"


def steps(curve, until, floor):
    """(cycles, P(time > cycles)) as a line that falls at each step, from 0 to UNTIL; what is 0 is drawn below FLOOR."""
    xs, ys, above = [0], [1.0], 1.0
    for cycles, p in curve:
        xs += [cycles, cycles]
        ys += [above, max(p, floor / 10)]
        above = max(p, floor / 10)
    return xs + [until], ys + [above]


def plot_histogram(ax, entry, bins):
    cycles = [c for c, _ in entry["histogram"]]
    counts = [n for _, n in entry["histogram"]]
    ax.hist(cycles, bins=bins, weights=counts, color=OBSERVED, alpha=0.8, log=True)
    ax.set_ylim(bottom=0.5)
    ax.set_ylabel(f"entries, {sum(counts):,} in all")


def plot_exceedance(ax, entry, curves, until):
    observed, combined = entry["observed"], entry["combined"]
    n = observed["sample"]
    floor = 0.3 / n
    x, y = steps(observed["curve"], entry["bound"] or until, floor)
    ax.plot(x, y, color=OBSERVED, lw=1.5, label=f"observed, n = {n:,}")
    ax.fill_between(x, y, [min(1.0, p + observed["band"]) for p in y], color=BAND, alpha=0.12, lw=0,
                    label=f"{100 * curves['confidence']:g} % band (DKW), +{observed['band']:.3f}")
    if combined:
        x, y = steps(combined["curve"], until, floor)
        parts = f"{combined['ways']} ways, each measured as a whole" if "ways" in combined else f"{combined['units']} units, dependence {curves['dependence']}"
        label = f"combined from {parts}"
        ax.plot(x, y, color=COMBINED, lw=1.5, ls="--" if curves["dependence"] == "comonotonic" else "-", label=label)
    ax.set_yscale("log")
    ax.set_ylim(floor, 1.5)
    ax.set_ylabel("P(time > t)")
    ax.set_xlabel("t, cycles")


def plot_marks(axes, entry):
    for ax in axes:
        ax.axvline(entry["observed"]["max"], color=MARK, lw=1.2, ls=":", label=f"high-water mark {entry['observed']['max']:,}")
        if entry["bound"] is not None:
            ax.axvline(entry["bound"], color=WALL, lw=2, label=f"bound (IPET) {entry['bound']:,}")
        ax.grid(alpha=0.25, which="major")
        ax.spines[["top", "right"]].set_visible(False)


def plot(curves, entry, out):
    until = 1.04 * max(entry["bound"] or 0, entry["observed"]["max"], entry["combined"]["max"] if entry["combined"] else 0)
    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(9, 7), height_ratios=[2, 3], constrained_layout=True)
    plot_histogram(above, entry, 120)
    plot_exceedance(below, entry, curves, until)
    plot_marks((above, below), entry)
    above.set_xlim(0, until)
    below.legend(fontsize=8, loc="lower left", framealpha=0.9)
    figure.suptitle(f"{entry['name']}: execution time", fontsize=13)
    above.set_title(textwrap.fill(f"kernel {curves['build_id'][:12]} · {curves['assumption']}", 120), fontsize=8, color="#555555")
    figure.savefig(out, dpi=120, metadata={"Software": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("curves")
    parser.add_argument("entry")
    parser.add_argument("-o", "--output", required=True)
    args = parser.parse_args()
    with open(args.curves, encoding="utf-8") as f:
        curves = json.load(f)
    entries = {e["name"]: e for e in curves["entries"]}
    if args.entry not in entries:
        sys.exit(f"plot_entry.py: {args.curves} has no entry '{args.entry}', but {', '.join(entries)}")
    if not entries[args.entry]["observed"]:
        sys.exit(f"plot_entry.py: '{args.entry}' was never observed")
    plot(curves, entries[args.entry], args.output)


main()
