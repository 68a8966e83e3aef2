/* Linked structures: a list sorted by insertion, reversed, searched, merged; a binary search tree; a hash table with chains. */
#include "bench.h"

enum { N = 40, BUCKETS = 16 };
struct node {
    struct node *next, *left, *right;
    i32 key;
};
static struct node pool[3 * N];
static int used;
static struct node *buckets[BUCKETS];

static struct node *make(i32 key) {
    struct node *n = &pool[used++];
    n->key = key;
    n->next = n->left = n->right = 0;
    return n;
}

static struct node *insert(struct node *list, i32 key) {
    struct node **p = &list;
    while (*p && (*p)->key < key) { /* @insert */
        p = &(*p)->next;
    }
    struct node *n = make(key);
    n->next = *p;
    *p = n;
    return list;
}

static int length(const struct node *list) {
    int n = 0;
    for (const struct node *p = list; p; p = p->next) { /* @length */
        n++;
    }
    return n;
}

static struct node *reverse(struct node *list) {
    struct node *out = 0;
    while (list) { /* @reverse */
        struct node *next = list->next;
        list->next = out;
        out = list;
        list = next;
    }
    return out;
}

static struct node *merge(struct node *a, struct node *b) { /* both descending */
    struct node *head = 0, **end = &head;
    while (a && b) { /* @merge */
        struct node **from = a->key >= b->key ? &a : &b;
        *end = *from;
        end = &(*from)->next;
        *from = (*from)->next;
    }
    *end = a ? a : b;
    return head;
}

static int sorted(const struct node *p) {
    while (p && p->next && p->key >= p->next->key) { /* @sorted */
        p = p->next;
    }
    return !p || !p->next;
}

static void grow(struct node **tree, i32 key) {
    while (*tree) { /* @grow */
        tree = key < (*tree)->key ? &(*tree)->left : &(*tree)->right;
    }
    *tree = make(key);
}

static int depth(const struct node *tree, i32 key) {
    int n = 1;
    while (tree && tree->key != key) { /* @depth */
        tree = key < tree->key ? tree->left : tree->right;
        n++;
    }
    return tree ? n : 0;
}

static const struct node *look(i32 key) {
    const struct node *p = buckets[(u32)key % BUCKETS];
    while (p && p->key != key) { /* @look */
        p = p->next;
    }
    return p;
}

static int run(i32 step) {
    struct node *list = 0, *other = 0, *tree = 0;
    int wrong = 0;
    used = 0;
    for (int i = 0; i < N; i++) { /* @lists */
        list = insert(list, step > 0 ? i : (i * 7) % N);
        if (i & 1)
            other = insert(other, step * i);
    }
    wrong += length(list) != N;
    list = merge(reverse(list), reverse(other));
    wrong += length(list) != N + N / 2 || !sorted(list);
    used = 0;
    for (int i = 0; i < N; i++) { /* @tree */
        grow(&tree, step > 0 ? i : (i * 7) % N);
    }
    wrong += step > 0 && depth(tree, N - 1) != N;
    wrong += depth(tree, 3) == 0 || depth(tree, N) != 0;
    for (int i = 0; i < BUCKETS; i++) { /* @clear */
        buckets[i] = 0;
    }
    for (int i = 0; i < N; i++) { /* @table */
        struct node *n = make(step > 0 ? BUCKETS * i : i);
        n->next = buckets[(u32)n->key % BUCKETS];
        buckets[(u32)n->key % BUCKETS] = n;
    }
    wrong += !look(0) || look(BUCKETS * N) != 0;
    return wrong;
}

int main(void) { return run((i32)bench_seed) + run(-(i32)bench_seed) != 0; }
