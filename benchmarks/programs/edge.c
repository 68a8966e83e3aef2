/* A picture: Sobel's edges, a histogram, a threshold, the labels of connected regions by sweeps until nothing changes. */
#include "bench.h"

enum { W = 20, H = 14 };
static u8 picture[H][W], edges[H][W], labels[H][W];
static u32 histogram[16];

static int magnitude(int x) { return x < 0 ? -x : x; }

static void sobel(void) {
    for (int y = 1; y < H - 1; y++) { /* @sobel-rows */
        for (int x = 1; x < W - 1; x++) { /* @sobel-columns */
            int gx = 0, gy = 0;
            for (int d = -1; d <= 1; d++) { /* @kernel */
                int weight = d == 0 ? 2 : 1;
                gx += weight * (picture[y + d][x + 1] - picture[y + d][x - 1]);
                gy += weight * (picture[y + 1][x + d] - picture[y - 1][x + d]);
            }
            int m = magnitude(gx) + magnitude(gy);
            edges[y][x] = (u8)(m > 255 ? 255 : m);
        }
    }
}

static int threshold(void) { /* the first level below which lies half of the picture */
    u32 below = 0;
    int level;
    for (int i = 0; i < W * H; i++) { /* @histogram */
        histogram[(&picture[0][0])[i] >> 4]++;
    }
    for (level = 0; level < 16; level++) { /* @level */
        below += histogram[level];
        if (2 * below >= W * H)
            break;
    }
    return level;
}

static int sweep(void) {
    int changed = 0;
    for (int y = 0; y < H; y++) { /* @sweep-rows */
        for (int x = 0; x < W; x++) { /* @sweep-columns */
            if (!labels[y][x])
                continue;
            u8 least = labels[y][x];
            if (x > 0 && labels[y][x - 1] && labels[y][x - 1] < least)
                least = labels[y][x - 1];
            if (y > 0 && labels[y - 1][x] && labels[y - 1][x] < least)
                least = labels[y - 1][x];
            changed |= least != labels[y][x];
            labels[y][x] = least;
        }
    }
    return changed;
}

int main(void) {
    int sweeps = 0, wrong = 0;
    for (int y = 0; y < H; y++) { /* @draw-rows */
        for (int x = 0; x < W; x++) { /* @draw-columns */
            int in = x >= 5 && x < 15 && y >= 4 && y < 10;
            picture[y][x] = in ? 200 : 40 * (u8)bench_seed;
            labels[y][x] = (u8)(in ? 1 + y * 15 + x : 0);
        }
    }
    sobel();
    wrong += edges[7][10] != 0 || edges[7][5] != 255 || edges[2][2] != 0 || edges[4][10] == 0;
    wrong += threshold() != 2;
    for (int i = 0; i < 16; i++) { /* @clear */
        histogram[i] = 0;
    }
    for (int i = 0; i < W * H; i++) { /* @white */
        (&picture[0][0])[i] = 255;
    }
    wrong += threshold() != 15;
    do { /* @sweeps */
        sweeps++;
    } while (sweep());
    wrong += sweeps != 2 || labels[9][14] != 1 + 4 * 15 + 5;
    return wrong != 0;
}
