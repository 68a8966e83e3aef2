/* Pulls in much of a C library that nobody here wrote: printf with floating point, qsort, strtod, strings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(void) {
    int v[] = {3, 1, 2};
    char text[64];
    qsort(v, 3, sizeof *v, compare);
    snprintf(text, sizeof text, "%d %s %f", v[0], "x", strtod("1.5", NULL));
    puts(text);
    printf("%g %s\n", atof(text), strstr(text, "x"));
    return (int)strlen(text);
}
