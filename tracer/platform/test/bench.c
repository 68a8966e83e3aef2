/* A workload for measuring what the board costs in wall-clock time: bounded recursion, sorting, lists, copying, hashing and indirect
 * calls, in M-mode. About a million instructions a round. */
#include <stddef.h>
#include <stdint.h>

#ifndef ROUNDS
#define ROUNDS 400
#endif

struct node {
    struct node *next;
    uint64_t key;
};

static struct node nodes[512];
static uint32_t numbers[4096];
static uint8_t from[8192], to[8192];
static uint64_t seed = 1;

static uint64_t next_random(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return seed >> 33;
}

static void sort(uint32_t *a, size_t n)
{
    if (n < 2) return;
    uint32_t pivot = a[n / 2];
    size_t i = 0, j = n - 1;
    for (;; i++, j--) {
        while (a[i] < pivot) i++;
        while (a[j] > pivot) j--;
        if (i >= j) break;
        uint32_t t = a[i];
        a[i] = a[j];
        a[j] = t;
    }
    sort(a, i);
    sort(a + i, n - i);
}

static uint64_t insert_all(void)
{
    struct node *head = NULL;
    for (size_t i = 0; i < 512; i++) {
        nodes[i].key = next_random() % 64;
        struct node **at = &head;
        while (*at && (*at)->key < nodes[i].key) at = &(*at)->next;
        nodes[i].next = *at;
        *at = &nodes[i];
    }
    return head->key;
}

static uint64_t hash_fnv(uint64_t h, uint8_t b)
{
    return (h ^ b) * 0x100000001b3u;
}

static uint64_t hash_add(uint64_t h, uint8_t b)
{
    return h * 31 + b;
}

static uint64_t (*const hashes[2])(uint64_t, uint8_t) = {hash_fnv, hash_add};

static uint64_t copy_and_hash(void)
{
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof from; i++) from[i] = (uint8_t)next_random();
    for (size_t i = 0; i < sizeof from; i++) to[i] = from[sizeof from - 1 - i];
    for (size_t i = 0; i < sizeof to; i++) h = hashes[to[i] & 1](h, to[i]);
    return h;
}

uint64_t result;
void work(void);

void work(void)
{
    for (int r = 0; r < ROUNDS; r++) {
        for (size_t i = 0; i < 4096; i++) numbers[i] = (uint32_t)next_random();
        sort(numbers, 4096);
        result += insert_all() + copy_and_hash() + numbers[17];
    }
    *(volatile uint32_t *)0x100000 = 0x5555;
    for (;;) {}
}

__asm__(".section .boot,\"ax\"\n.globl _start\n_start: la sp, stack_end\n j work\n.bss\n.balign 16\n.skip 65536\nstack_end:\n.text\n");
