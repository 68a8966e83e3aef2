/* Functions with paths that cannot be: trail_test finds out which by running them with all small arguments. */
typedef unsigned long word;

long paths_state[8] = {3, 0, 7};

static __attribute__((noinline)) void work(long *p, long v) { p[1] += v; }

/* The same question twice, with other conditions between. */
long paths_twice(word a, word b) {
    long r = 0;
    if (a > 7)
        work(&r - 1, 1);
    if (b & 1)
        r += 2;
    if (a > 7)
        r += 4;
    if (a < 3)
        r += 8;
    return r;
}

/* What was stored is loaded again: by a constant address, and through a pointer. */
long paths_memory(word a, word b) {
    volatile long *s = paths_state;
    s[1] = (long)a;
    if (b > 9)
        s[1] = 5;
    s[2] = 1;
    if (s[1] == 20)
        work((long *)s, 1);
    return s[1] == 5 ? 1 : s[0];
}

/* Two pointers that are equal or not. */
long paths_alias(word a, word b) {
    volatile long *p = &paths_state[a & 3], *q = &paths_state[b & 3];
    *p = 1;
    *q = 2;
    if (*p == 1) {
        if (p == q)
            work((long *)p, 1);
        return 1;
    }
    return (a & 3) == (b & 3);
}

/* Values live across calls, in callee-saved registers and on the stack. */
static __attribute__((noinline)) word half(word x) {
    if (x & 1)
        return x / 2 + 1;
    return x / 2;
}
long paths_calls(word a, word b) {
    word x = half(a), y = half(b), z = half(x + y);
    if (a == 4 && x != 2)
        return 1;
    return z > a + b + 2;
}

/* An array in the frame, whose address is let out to a callee. */
static __attribute__((noinline)) void fill(volatile long *p, word n) { p[n & 3] = 9; }
long paths_frame(word a, word b) {
    volatile long t[4];
    t[0] = t[1] = t[2] = t[3] = 1;
    fill(t, a);
    if (t[b & 3] == 9)
        return (a & 3) != (b & 3) ? 7 : 8;
    return t[0];
}

/* A loop with a bound that the argument gives. */
long paths_loop(word a, word b) {
    long r = 0;
    for (word i = 0; i < (a & 3); i++)
        r += __builtin_expect(b == i, 0) ? 5 : 1;
    return r == 20 ? half(b) : r;
}

/* A jump table; division and shifts in conditions; constants of a read-only table. */
static const word table[4] = {3, 1, 4, 1};
long paths_switch(word a, word b) {
    word r = table[b & 3];
    switch (a & 7) {
    case 0: r = a / (b | 1); break;
    case 1: r += 7; break;
    case 2: r <<= b & 7; break;
    case 3: return (long)(a % 8) == 3 ? 9 : 10;
    case 4: r = (word)((long)r >> 1); break;
    case 5: r ^= a; break;
    default: return 2;
    }
    if (r == 2)
        return half(r);
    return a == 1 && r == 8;
}

/* A scratch register keeps what was written; an atomic instruction reads and writes. */
long paths_system(word a, word b) {
    word r, old;
    __asm__ volatile("csrw mscratch, %1\n\tcsrr %0, mscratch" : "=r"(r) : "r"(a + 1));
    __asm__ volatile("amoadd.d %0, %2, (%1)" : "=r"(old) : "r"(&paths_state[5]), "r"(b) : "memory");
    if (r == a)
        return 1;
    return (word) * (volatile long *)&paths_state[5] == old + b ? 2 : 3;
}

/* Parts of what was stored, and stores that overlap. */
long paths_overlap(word a, word b) {
    volatile long *s = paths_state;
    volatile unsigned char *c = (volatile unsigned char *)paths_state;
    s[1] = (long)(a << 8 | 0x91);
    c[15] = 0;
    if (c[8] != 0x91 || c[9] != a)
        return 1;
    *(volatile unsigned short *)(c + 7) = (unsigned short)(b << 8 | 7);
    if (s[1] == (long)(a << 8 | 0x91))
        return b == 0x11 ? 2 : 3;
    if (*(volatile unsigned *)(c + 7) != (a << 16 | (b & 0xff) << 8 | 7))
        return 4;
    return s[0] >> 56 == 7 ? 5 : 6;
}

/* The address of a local variable, through a table. */
volatile long *volatile paths_places[2];
static __attribute__((noinline)) long escape(word a, word b) {
    volatile long local = 1;
    work((long *)paths_state, (long)b);
    paths_places[0] = &local;
    paths_places[1] = &paths_state[6];
    *paths_places[a & 1] = 2;
    if (local == 1)
        return a & 1 ? 1 : 2;
    return b > 5;
}

long paths_escape(word a, word b) { return escape(a, b) == 1 ? 5 : 6; }

/* Two looks at one place. */
long paths_again(word a, word b) {
    volatile long *s = paths_state;
    (void)a, (void)b;
    if (s[0] == s[0])
        return 1;
    return half(b);
}

static volatile long sink;
int main(void) {
    sink = paths_twice(1, 2) + paths_memory(1, 2) + paths_alias(1, 2) + paths_calls(1, 2) + paths_frame(1, 2) + paths_loop(1, 2) + paths_switch(1, 2) +
           paths_system(1, 2) + paths_overlap(1, 2) + paths_escape(1, 2) + paths_again(1, 2);
    return 0;
}
