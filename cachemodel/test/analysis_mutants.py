#!/usr/bin/python3
"""Seeded wrong cache analyses must not pass analysis_test: each changes one place of a source file and is linked in its place.

    analysis_mutants.py TEST_OBJECT LINK_WORDS... (the compiler's, its name first, its libraries last)
"""
import os, subprocess, sys, tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
# name, file, old text, new text
MUTANTS = [
    ("one way more", "younger.c", "if (younger_weight(q->weights, &t) < q->ways)", "if (younger_weight(q->weights, &t) <= q->ways)"),
    ("join dropped", "younger.c", "    if (into->top || from->top) {", "    if (into->reached)\n        return;\n    if (into->top || from->top) {"),
    ("united, but only one kept", "younger.c", "a->named = may ? a->named & b->named : a->named | b->named;", "a->named = a->named;"),
    ("the larger dropped", "younger.c", "        if (covers(q->may, &f->set[i], t))\n            return;", "        if (covers(!q->may, &f->set[i], t))\n            return;"),
    ("stores bring", "younger.c", "bool brings = !r->store || q->allocate;", "bool brings = true;"),
    ("anything is nothing", "younger.c", "        t.extra++;", "        t.extra += 0;"),
    ("new values are the old ones", "younger.c", "        set_gone(f, false);\n    } else if (!f->top) {", "        (void)0;\n    } else if (!f->top) {"),
    ("old values are forgotten", "younger.c", "t.extra += younger_weight(q->weights, &renamed);", "t.extra += 0;"),
    ("empty at the start", "younger.c", "            set_gone(f, false);\n    }\n    for", "            set_empty(f);\n    }\n    for"),
    ("gone at the start", "younger.c", "        if (q->may)\n            set_empty(f);", "        if (q->may)\n            set_gone(f, true);"),
    ("store misses are first ones", "analysis.c", "&& (a->s->allocate || !a->role[event].store))", "|| false)"),
    ("symbols never conflict", "analysis.c", "            foreign_role(a, e, r);", "            r->relation = RELATION_NONE;"),
    ("what ran meanwhile touched nothing", "younger.c", " || r->relation == RELATION_ANYTHING) {", ") {"),
    ("what ran meanwhile threw everything out", "younger.c", "    else if (r->relation == RELATION_ANYTHING)\n        set_empty(f);", "    else if (r->relation == RELATION_ANYTHING)\n        set_gone(f, true);"),
    ("one case of lines", "analysis.c", "uint64_t b = (0 - e->lo) & (line - 1);", "uint64_t b = 0;"),
    ("ranges never conflict", "analysis.c", "        if (range_misses(a, e, t->line) && r->apart)", "        if (r->apart)"),
    ("fifo of one more", "analysis.c", "<= a->s->fifo;", "<= a->s->fifo + 1;"),
    ("sets twice as many", "analysis.c", "(a->s->sets - 1); }", "(2 * a->s->sets - 1); }"),
    ("plru as lru", "shape.c", "(uint32_t)__builtin_ctz(ways) + 1 : 1;", "ways : 1;"),
    ("mru of three", "shape.c", "return ways > 1 ? 2 : 1;", "return ways > 2 ? 3 : 1;"),
    ("others of two", "shape.c", "default: return 1;", "default: return ways > 1 ? 2 : 1;"),
    ("unknown policy of one", "shape.c", "s->ways = policies ? 1 : 0;", "s->ways = 1;"),
]


def caught(mutant, test_object, link, work):
    name, file, old, new = mutant
    text = open(os.path.join(ROOT, "cachemodel", file)).read()
    if text.count(old) != 1:
        sys.exit(f"analysis_mutants.py: {name}: its place in {file} is there {text.count(old)} times")
    source, test = os.path.join(work, "mutant.c"), os.path.join(work, "test")
    open(source, "w").write(text.replace(old, new))
    subprocess.run([link[0], "-std=c11", "-O1", "-w", "-I.", "-D_GNU_SOURCE", "-o", test, source, test_object, *link[1:]], check=True, cwd=ROOT)
    r = subprocess.run([test], capture_output=True, timeout=120)
    return r.returncode != 0


def main():
    test_object, link = sys.argv[1], sys.argv[2:]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as work:
        for mutant in MUTANTS:
            if caught(mutant, test_object, link, work):
                passed += 1
            else:
                failed += 1
                print(f"not noticed: {mutant[0]}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
