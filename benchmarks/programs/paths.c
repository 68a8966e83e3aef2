/* Shortest paths: Dijkstra with a linear search and with a heap, Floyd-Warshall, Bellman-Ford; breadth first on a grid. */
#include "bench.h"

enum { N = 12, FAR = 1 << 20, W = 9, H = 7 };
static i32 weight[N][N], all[N][N], distance[N];
static u8 done[N], wall[H][W], seen[H][W];
static u16 queue[W * H];
static struct { i32 key; int node; } heap[N * N];
static int heaped;

static void linear(int from) {
    for (int i = 0; i < N; i++) { /* @start */
        distance[i] = FAR;
        done[i] = 0;
    }
    distance[from] = 0;
    for (;;) { /* @linear */
        int best = -1;
        for (int i = 0; i < N; i++) { /* @nearest */
            if (!done[i] && (best < 0 || distance[i] < distance[best]))
                best = i;
        }
        if (best < 0)
            return;
        done[best] = 1;
        for (int i = 0; i < N; i++) { /* @relax */
            if (distance[best] + weight[best][i] < distance[i])
                distance[i] = distance[best] + weight[best][i];
        }
    }
}

static void push(i32 key, int node) {
    int i = heaped++;
    while (i > 0 && heap[(i - 1) / 2].key > key) { /* @up */
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i].key = key;
    heap[i].node = node;
}

static int pop(i32 *key) {
    int node = heap[0].node, i = 0;
    *key = heap[0].key;
    heaped--;
    while (2 * i + 1 < heaped) { /* @down */
        int c = 2 * i + 1;
        if (c + 1 < heaped && heap[c + 1].key < heap[c].key)
            c++;
        if (heap[c].key >= heap[heaped].key)
            break;
        heap[i] = heap[c];
        i = c;
    }
    heap[i] = heap[heaped];
    return node;
}

static int heap_distance(int from, int to) {
    for (int i = 0; i < N; i++) { /* @heap-start */
        distance[i] = FAR;
    }
    heaped = 0;
    push(distance[from] = 0, from);
    while (heaped > 0) { /* @heap */
        i32 key;
        int node = pop(&key);
        if (key > distance[node])
            continue;
        for (int i = 0; i < N; i++) { /* @heap-relax */
            if (key + weight[node][i] < distance[i])
                push(distance[i] = key + weight[node][i], i);
        }
    }
    return distance[to];
}

static void floyd(void) {
    for (int i = 0; i < N * N; i++) { /* @floyd-start */
        all[i / N][i % N] = i / N == i % N ? 0 : weight[i / N][i % N];
    }
    for (int k = 0; k < N; k++) { /* @via */
        for (int i = 0; i < N; i++) { /* @from */
            for (int j = 0; j < N; j++) { /* @to */
                i32 through = all[i][k] + all[k][j];
                if (through < all[i][j])
                    all[i][j] = through;
            }
        }
    }
}

static int ford(int from, int to) {
    int changed = 1;
    for (int i = 0; i < N; i++) { /* @ford-start */
        distance[i] = i == from ? 0 : FAR;
    }
    for (int round = 0; changed && round < N; round++) { /* @rounds */
        changed = 0;
        for (int e = N * N - 1; e >= 0; e--) { /* @edges */
            i32 d = distance[e / N] + weight[e / N][e % N];
            if (d < distance[e % N]) {
                distance[e % N] = d;
                changed = 1;
            }
        }
    }
    return distance[to];
}

static int flood(int x, int y, int tx, int ty) { /* steps through the maze, -1 if there is no way */
    static const i8 dx[4] = {1, 0, -1, 0}, dy[4] = {0, 1, 0, -1};
    int head = 0, tail = 0;
    queue[tail++] = (u16)(y * W + x);
    seen[y][x] = 1;
    while (head != tail) { /* @flood */
        x = queue[head] % W;
        y = queue[head++] / W;
        if (x == tx && y == ty)
            return seen[y][x] - 1;
        for (int d = 0; d < 4; d++) { /* @directions */
            int nx = x + dx[d], ny = y + dy[d];
            if (nx < 0 || ny < 0 || nx >= W || ny >= H || wall[ny][nx] || seen[ny][nx])
                continue;
            seen[ny][nx] = (u8)(seen[y][x] + 1);
            queue[tail++] = (u16)(ny * W + nx);
        }
    }
    return -1;
}

int main(void) {
    u32 state = bench_seed;
    int wrong = 0;
    for (int run = 0; run < 2; run++) { /* @runs */
        for (int i = 0; i < N * N; i++) { /* @fill */
            int from = i / N, to = i % N;
            weight[from][to] = run == 0 ? 1 + (i32)(bench_random(&state) % 50) : to == from + 1 ? 1 : FAR;
        }
        linear(0);
        int d = distance[N - 1];
        floyd();
        wrong += all[0][N - 1] != d || heap_distance(0, N - 1) != d || ford(0, N - 1) != d;
    }
    for (int y = 0; y < H; y++) { /* @maze */
        wall[y][y & 2 ? 0 : W - 1] = y & 1;
        for (int x = 1; x < W - 1; x++) { /* @wall */
            wall[y][x] = y & 1;
        }
    }
    wrong += flood(0, 0, 4, 1) != -1;
    wrong += seen[0][W - 1] != W || seen[6][0] == 0;
    return wrong != 0;
}
