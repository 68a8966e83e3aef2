/* The answers of potoroo coverage, beside a row: which share of its worst path's cycles rests on units that are complete. */
#include "analyzer/analyzer.h"
#include "analyzer/row.h"

#include <inttypes.h>

static const char *const names[ANSWERS] = {"complete", "counterexample", "open", "unanswered"};

enum { BY_REPLAY = 16 };   /* beside the answer: some of the counts only replays showed */

static uint64_t unit_key(uint64_t from, uint64_t to) { return hash_bytes((uint64_t[]){from, to}, 16, 0); }

static int read_unit(struct wcet *w, json_t *unit, const char *path, struct err *e) {
    const char *from = json_string_value(json_object_get(unit, "from")), *to = json_string_value(json_object_get(unit, "to"));
    const char *status = json_string_value(json_object_get(unit, "status"));
    uint64_t a, b;
    int s = 0;
    while (status && s < ANSWER_NONE && strcmp(status, names[s]) != 0)
        s++;
    if (!from || !to || !status || s == ANSWER_NONE || parse_u64(from, &a) < 0 || parse_u64(to, &b) < 0)
        return err_set(e, ERR_INPUT, "%s: a unit without from, to or status: not a result of potoroo coverage", path);
    bool replayed = json_array_size(json_object_get(unit, "replayed")) > 0;
    map_put(&w->answers, unit_key(a, b), (uint64_t)s | (replayed ? BY_REPLAY : 0));
    return 0;
}

int answers_read(struct wcet *w, const char *path, struct err *e) {
    json_error_t why;
    json_t *j = json_load_file(path, 0, &why), *units = json_object_get(j, "units");
    const char *build = json_string_value(json_object_get(j, "build_id"));
    int rc = 0;
    if (!j)
        return err_set(e, ERR_INPUT, "%s:%d: %s", path, why.line, why.text);
    if (!json_is_array(units) || !build)
        rc = err_set(e, ERR_INPUT, "%s: not a result of potoroo coverage", path);
    else if (strcmp(build, image_build_id(w->image)) != 0)
        rc = err_set(e, ERR_INPUT, "%s: made of build %.16s, but %s is build %.16s", path, build, image_path(w->image), image_build_id(w->image));
    for (size_t i = 0; rc == 0 && i < json_array_size(units); i++)
        rc = read_unit(w, json_array_get(units, i), path, e);
    json_decref(j);
    return rc;
}

void answers_of_row(const struct wcet *w, struct wcet_row *row) {
    for (size_t i = 0; i < row->worst_path.len; i++) {
        const struct wcet_step *s = &row->worst_path.data[i];
        const struct ipg_edge *x = &w->walk->ipg.data[s->edge];
        uint64_t from = w->cfg->blocks.data[w->walk->nodes.data[x->from].block].addr, to = w->cfg->blocks.data[w->walk->nodes.data[x->to].block].addr;
        uint64_t answer = ANSWER_NONE;
        map_get(&w->answers, unit_key(from, to), &answer);
        row->answered[answer & (BY_REPLAY - 1)] += s->count * s->cost;
        row->by_replay += answer == (ANSWER_COMPLETE | BY_REPLAY) ? s->count * s->cost : 0;
    }
}

static uint64_t all_of(const struct wcet_row *row) {
    uint64_t sum = 0;
    for (int i = 0; i < ANSWERS; i++)
        sum += row->answered[i];
    return sum;
}

char *answers_text(const struct wcet_row *row) {
    double all = (double)all_of(row) / 100;
    if (!all_of(row))
        return NULL;
    return str_printf("of the worst path's cycles %.0f %% rest on steps whose every feasible count of misses was observed (%.0f %% with the help of replays), %.0f %% on "
                      "steps with a state that was not, %.0f %% are open", (double)row->answered[ANSWER_COMPLETE] / all, (double)row->by_replay / all,
                      (double)row->answered[ANSWER_EXAMPLE] / all, (double)(row->answered[ANSWER_OPEN] + row->answered[ANSWER_NONE]) / all);
}

json_t *answers_json(const struct wcet_row *row) {
    json_t *j = json_object();
    for (int i = 0; i < ANSWERS; i++)
        json_object_set_new(j, names[i], json_integer((json_int_t)row->answered[i]));
    json_object_set_new(j, "complete_by_replay", json_integer((json_int_t)row->by_replay));
    return j;
}

double answers_complete(const struct wcet_row *row) { return all_of(row) ? 100.0 * (double)row->answered[ANSWER_COMPLETE] / (double)all_of(row) : -1; }
