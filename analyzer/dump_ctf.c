/* The Common Trace Format 1.8 (diamon.org/ctf): a folder with the description `metadata` and one stream. All fields are packed to bytes.
 * The stream's clock is the board's cycle count. Losses are counted in events_discarded, at the packet's end: a packet ends at each. */
#include "analyzer/dump_format.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CTF_MAGIC = 0xC1FC1FC1, PACKET_BYTES = 1 << 16, PACKET_HEAD = 4 + 4 + 5 * 8 };

struct format_sink {
    struct atomic_file *stream;
    FILE *out;
    char *folder;
    VEC(uint8_t) packet;      /* its events, without the head */
    uint64_t first, last, discarded, written;
};

static const char description[] =
    "typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
    "typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; base = 16; } := address_t;\n\n"
    "trace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = le;\n\tpacket.header := struct { uint32_t magic; uint32_t stream_id; };\n};\n\n"
    "clock {\n\tname = cycles;\n\tdescription = \"the board's cycle count\";\n\tfreq = %" PRIu64 ";\n};\n"
    "typealias integer { size = 64; align = 8; signed = false; map = clock.cycles.value; } := cycle_t;\n\n"
    "env {\n\tisa = \"%s\";\n\tkernel = \"%s\";\n\tplatform = \"%s\";\n\tpoints = \"%s\";\n};\n\n"
    "stream {\n\tid = 0;\n\tpacket.context := struct { cycle_t timestamp_begin; cycle_t timestamp_end; uint64_t content_size; uint64_t packet_size;\n"
    "\t\tuint64_t events_discarded; };\n\tevent.header := struct { uint8_t id; cycle_t timestamp; };\n};\n\n";

static int write_metadata(const char *folder, const struct trace_info *info, struct err *e) {
    static const char *const names[] = {"point", "enter", "leave"};
    char *path = str_printf("%s/metadata", folder);
    struct atomic_file *f = atomic_open(path, e);
    free(path);
    if (!f)
        return -1;
    FILE *out = atomic_stream(f);
    fprintf(out, "/* CTF 1.8 */\n\n");
    fprintf(out, description, info->clock_hz ? info->clock_hz : 1, info->isa, info->build_id, info->platform, info->port ? "port" : "probes");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        fprintf(out, "event {\n\tid = %zu;\n\tname = \"%s\";\n\tstream_id = 0;\n\tfields := struct { address_t address; string place; };\n};\n", i, names[i]);
    return atomic_commit(f, e);
}

static struct format_sink *ctf_open(const char *output, const struct trace_info *info, struct err *e) {
    if (mkdir(output, 0777) < 0) {
        err_set(e, ERR_INPUT, "%s: %s", output, strerror(errno));
        return NULL;
    }
    struct format_sink *s = mem_alloc(sizeof *s);
    char *path = str_printf("%s/stream", output);
    s->folder = str_dup(output);
    if (write_metadata(output, info, e) == 0 && (s->stream = atomic_open(path, e)))
        s->out = atomic_stream(s->stream);
    free(path);
    if (s->stream)
        return s;
    free(s->folder);
    free(s);
    return NULL;
}

static int put_packet(struct format_sink *s, struct err *e) {
    uint64_t bits = 8 * (PACKET_HEAD + s->packet.len);
    uint32_t head[2] = {htole32(CTF_MAGIC), 0};
    uint64_t context[5] = {htole64(s->first), htole64(s->last), htole64(bits), htole64(bits), htole64(s->discarded)};
    bool good = fwrite(head, sizeof head, 1, s->out) == 1 && fwrite(context, sizeof context, 1, s->out) == 1 &&
                fwrite(s->packet.data, 1, s->packet.len, s->out) == s->packet.len;
    s->packet.len = 0;
    s->written++;
    return good ? 0 : err_set(e, ERR_INPUT, "%s: %s", s->folder, strerror(errno));
}

static void put_bytes(struct format_sink *s, const void *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        vec_push(&s->packet, ((const uint8_t *)data)[i]);
}

static int ctf_record(struct format_sink *s, const struct trace_record *r, enum record_kind kind, const char *place, struct err *e) {
    uint8_t id = (uint8_t)kind;
    uint64_t cycle = htole64(r->cycle), addr = htole64(r->addr);
    if ((s->packet.len >= PACKET_BYTES || (r->lost && s->packet.len)) && put_packet(s, e) < 0)
        return -1;
    s->discarded += r->lost;
    if (!s->packet.len)
        s->first = r->cycle;
    s->last = r->cycle;
    put_bytes(s, &id, 1);
    put_bytes(s, &cycle, 8);
    put_bytes(s, &addr, 8);
    put_bytes(s, place, strlen(place) + 1);
    return 0;
}

static int ctf_close(struct format_sink *s, uint64_t lost_at_end, struct err *e) {
    int rc = s->packet.len ? put_packet(s, e) : 0;
    if (rc == 0 && lost_at_end) {
        s->discarded += lost_at_end;
        s->first = s->last;
        rc = put_packet(s, e);
    }
    if (rc == 0)
        rc = atomic_commit(s->stream, e);
    else
        atomic_abort(s->stream);
    vec_free(&s->packet);
    free(s->folder);
    free(s);
    return rc;
}

const struct format format_ctf = {ctf_open, ctf_record, ctf_close};
