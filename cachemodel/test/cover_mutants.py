#!/usr/bin/python3
"""Wrong encoders must fail cover_test: each changes one place of a source file, is linked in its place, and run.

    cover_mutants.py TEST_OBJECT LINK_WORDS... (the compiler's, its name first, its libraries last)      [ONLY=NAME,...]
"""
import os, subprocess, sys, tempfile

# name, file, old text, new text
MUTANTS = [
    ("ways-more", "cover_encode.c", "i, i, sum, (unsigned)d->shape.ways);", "i, i, sum, (unsigned)d->shape.ways + 1);"),
    ("ways-less", "cover_encode.c", "i, i, sum, (unsigned)d->shape.ways);", "i, i, sum, (unsigned)d->shape.ways - 1);"),
    ("conflict-dropped", "cover_encode.c", "for (size_t k = 0, n = 0; k < i; k++) {\n        if (!related(c, k, i))", "for (size_t k = 0, n = 0; k < i; k++) {\n        if (k == 0 || !related(c, k, i))"),
    ("limit-less", "cover_groups.c", "    return sum;\n}\n\nstatic bool allocates", "    return sum - 1;\n}\n\nstatic bool allocates"),
    ("plain-always", "cover_groups.c", "crowd(c, fetch) <= c->side[fetch].shape.ways;", "true;"),
]
ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))


def caught(mutant, test_object, link, work):
    name, file, old, new = mutant
    text = open(os.path.join(ROOT, "cachemodel", file)).read()
    if text.count(old) != 1:
        sys.exit(f"cover_mutants.py: {name}: its place in {file} is there {text.count(old)} times")
    source, test = os.path.join(work, name + ".c"), os.path.join(work, name)
    open(source, "w").write(text.replace(old, new))
    subprocess.run([link[0], "-std=c11", "-O1", "-I.", "-D_GNU_SOURCE", "-o", test, source, test_object, *link[1:]], check=True, cwd=ROOT)
    done = subprocess.run([test], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=900)
    return done.returncode != 0


def main():
    test_object, link = sys.argv[1], sys.argv[2:]
    only = os.environ.get("ONLY", "").split(",") if os.environ.get("ONLY") else None
    passed = failed = 0
    with tempfile.TemporaryDirectory() as work:
        for mutant in MUTANTS:
            if only and mutant[0] not in only:
                continue
            if caught(mutant, test_object, link, work):
                passed += 1
            else:
                failed += 1
                print(f"the wrong encoder {mutant[0]} was not noticed")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
