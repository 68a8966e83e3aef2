/* infer_tool PLATFORM.ini: model_infer and nothing else; the model as JSON on standard output. The blind suite runs it in place of
 * the command, so that a wrong solver can be linked in its place. */
#include "cachemodel/cachemodel.h"

int main(int argc, char **argv) {
    struct err e;
    struct model *m = argc == 2 ? model_infer(argv[1], &e) : NULL;
    if (!m) {
        fprintf(stderr, "infer_tool: %s\n", argc == 2 ? e.text : "one PLATFORM.ini is needed");
        return argc == 2 ? (int)e.kind : ERR_USAGE;
    }
    json_t *j = model_json(m);
    int rc = json_write(j, NULL, &e);
    json_decref(j);
    model_free(m);
    return rc < 0 ? ERR_INPUT : 0;
}
