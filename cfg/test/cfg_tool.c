/* What the tests look at: the graph of one ELF in one of its forms. Usage: cfg_tool print|json|dot|functional|template ELF [FACTS|FUNCTION] */
#include "cfg/cfg.h"

static int fail(const struct err *e) {
    fprintf(stderr, "cfg_tool: %s\n", e->text);
    return (int)e->kind;
}

int main(int argc, char **argv) {
    struct err e = {0};
    if (argc < 3) {
        fputs("usage: cfg_tool print|json|dot|functional|template ELF [FACTS|FUNCTION]\n", stderr);
        return ERR_USAGE;
    }
    bool named = strcmp(argv[1], "dot") == 0 || strcmp(argv[1], "functional") == 0;
    struct image *img = image_open(argv[2], &e);
    struct cfg *g = img ? cfg_build(img, &e) : NULL;
    if (!g || (!named && argc > 3 && cfg_apply_facts(&g, argv[3], &e) < 0)) {
        cfg_free(g);
        image_free(img);
        return fail(&e);
    }
    int rc = 0;
    if (strcmp(argv[1], "dot") == 0)
        cfg_dot(g, argc > 3 ? argv[3] : NULL, stdout);
    else if (strcmp(argv[1], "template") == 0)
        cfg_facts_template(g, true, stdout);
    else if (strcmp(argv[1], "functional") == 0)
        for (uint32_t f = 0; f < g->functions.len; f++) {
            if (argc < 4 || strcmp(g->functions.data[f].name, argv[3]) == 0)
                cfg_print_functional(g, f, stdout);
        }
    else if (strcmp(argv[1], "json") == 0) {
        json_t *j = cfg_json(g);
        rc = json_write(j, NULL, &e) < 0 ? fail(&e) : 0;
        json_decref(j);
    } else
        cfg_print(g, stdout);
    cfg_free(g);
    image_free(img);
    return rc;
}
