"""C programs of random counted loops: types, steps, relations and limits as they come, wrapping and endless ones included.

Every loop is left by a guard after GUARD turns at the latest, so the program ends whatever the loop does; a bound derived from the
loop's own test that is too small shows when the execution is followed. The guard's limit is volatile: only a run of the whole program with the ELF's
initial memory can derive anything from it. Some arguments hang on the cycle counter, which no analysis knows.
"""
import random

TYPES = ["int", "unsigned", "long", "unsigned long", "short", "unsigned short", "signed char", "unsigned char"]
GUARD = 300


def number(r, kind):
    pick = r.random()
    if pick < 0.6:
        return r.randint(-5, 60)
    if pick < 0.8:
        return {"int": 2**31 - 1, "unsigned": 2**32 - 1, "long": 2**63 - 1, "unsigned long": 2**64 - 1, "short": 2**15 - 1,
                "unsigned short": 2**16 - 1, "signed char": 127, "unsigned char": 255}[kind] - r.randint(0, 30)
    return r.randint(-100, 300)


def literal(value, kind):
    return f"({kind}){value}{'ul' if value > 2**63 - 1 else 'l'}" if value != -2**63 else "(-9223372036854775807l - 1)"


def bounded(r, name, kind):
    """A parameter, sometimes clamped before the loop."""
    lines = []
    for relation in r.sample(["<", ">"], r.randint(0, 2)):
        value = literal(r.randint(-20, 50), kind)
        lines.append(f"if ({name} {relation} {value}) {r.choice([f'{name} = {value}', 'return 0'])};")
    return lines


def expression(r, name, kind):
    return r.choice([name, name, f"{name} + {r.randint(1, 5)}", f"{name} * {r.randint(2, 4)}", f"({kind})({name} - {r.randint(1, 9)})", f"{name} & {r.choice([7, 15, 31])}"])


def loop(r, depth, names):
    kind = r.choice(TYPES)
    i = f"i{len(names)}"
    others = names[:]
    start = literal(number(r, kind), kind) if r.random() < 0.6 else r.choice(others)
    limit = literal(number(r, kind), kind) if r.random() < 0.5 else expression(r, r.choice(others), kind)
    relation = r.choice(["<", "<=", ">", ">=", "!=", "<", "!="])
    step = r.choice([1, 1, 1, 2, 3, 4, 5, 8, 7])
    up = relation in ("<", "<=") if r.random() < 0.85 else r.random() < 0.5
    change = r.choice([f"{i} {'+' if up else '-'}= {step}"] * 6 + [f"{i} <<= 1", f"{i} >>= {r.randint(1, 2)}", f"{i} /= {r.randint(2, 5)}", f"{i} *= 3"])
    body = [f"sink += (unsigned long){i};", "if (turns++ > guard) break;"]
    if r.random() < 0.2:
        body.append(f"if (sink & {r.choice([1, 2, 4])}) {i} {'+' if up else '-'}= {step};")
    if r.random() < 0.15:
        body.append(f"if (array[{i} & 63] > {r.randint(1, 90)}) continue;")
    if r.random() < 0.15:
        body.append(f"array[(unsigned){i} & 63] ^= turns;")
    if r.random() < 0.15:
        body.append(f"bytes[(unsigned){i} * {r.randint(1, 5)} & 63] = (char)({i} {r.choice('+^-')} {r.choice(others)});")
    if r.random() < 0.15:
        body.append(f"if (bytes[array[{r.randint(0, 9)}] & 63] == {r.randint(0, 5)}) break;")
    if r.random() < 0.1:
        body.append(f"*(short *)(bytes + 2 * ({i} & 31)) = (short)(turns + array[{i} & 7]);")
    if depth and r.random() < 0.5:
        body += loop(r, depth - 1, names + [i])
    form = r.random()
    head = f"{kind} {i} = ({kind}){start};"
    text = " ".join(body)
    if form < 0.6:
        return [f"{{ {head} for (; {i} {relation} {limit}; {change}) {{ {text} }} }}"]
    if form < 0.8:
        return [f"{{ {head} do {{ {text} {change}; }} while ({i} {relation} {limit}); }}"]
    return [f"{{ {head} while ({i} {relation} {limit}) {{ {text} {change}; }} }}"]


def program(seed, functions=70):
    r = random.Random(seed)
    out = ["static unsigned long now(void) { unsigned long v; __asm__ volatile(\".insn i 0x73, 2, %0, x0, -0x500\" : \"=r\"(v)); return v >> 4; }",
           "static volatile unsigned long sink; static volatile int guard = %d; static int array[64]; static char bytes[64];" % GUARD]
    calls = []
    for f in range(functions):
        a, b = r.choice(TYPES), r.choice(TYPES)
        body = bounded(r, "a", a) + bounded(r, "b", b) + loop(r, r.randint(0, 2), ["a", "b"])
        out.append(f"static __attribute__((noinline)) int f{f}({a} a, {b} b) {{ int turns = 0; {' '.join(body)} return turns; }}")
        for _ in range(3):
            first = f"(now() & {r.choice([1, 3, 7, 12, 31])})" if r.random() < 0.4 else f"{r.choice([0, 1, 3, 9, 17, 40, -1, -7, 100, 255])}l"
            calls.append(f"sink += f{f}(({a}){first}, ({b}){r.choice([0, 1, 2, 6, 20, 33, 64, -2, 90, 127])}l);")
    out.append("int main(void) {\n" + "\n".join(calls) + "\nreturn 0; }")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    import sys
    print(program(int(sys.argv[1])))
