#include "orchestrator/range/tag.h"

#include <libxml/parser.h>
#include <string.h>

/* Generation 0 is what a plan makes; a reverted or rebuilt host counts up from it. */
#define GENERATION "0"

void tag_write(Xml *xml, const char *drill, const char *object)
{
    xml_open(xml, "metadata", NULL);
    xml_item(xml, "parry:drill", "xmlns:parry", TAG_NS, "uuid", drill, "host", object,
             "generation", GENERATION, NULL);
    xml_close(xml);
}

static xmlNodePtr find_tag(xmlDocPtr doc)
{
    xmlNodePtr root = xmlDocGetRootElement(doc);

    for (xmlNodePtr part = root ? root->children : NULL; part; part = part->next) {
        if (strcmp((const char *)part->name, "metadata") != 0)
            continue;
        for (xmlNodePtr node = part->children; node; node = node->next)
            if (node->ns && strcmp((const char *)node->ns->href, TAG_NS) == 0 &&
                strcmp((const char *)node->name, "drill") == 0)
                return node;
    }
    return NULL;
}

static char *take(xmlNodePtr node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp(node, BAD_CAST name);
    char *copy = g_strdup((const char *)value);

    xmlFree(value);
    return copy;
}

char *tag_read(const char *xml, char **object, char **generation)
{
    xmlDocPtr doc =
        xmlReadMemory(xml, (int)strlen(xml), "object.xml", NULL,
                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNodePtr tag = doc ? find_tag(doc) : NULL;
    char *drill = tag ? take(tag, "uuid") : NULL;

    if (object)
        *object = tag ? take(tag, "host") : NULL;
    if (generation)
        *generation = tag ? take(tag, "generation") : NULL;
    if (doc)
        xmlFreeDoc(doc);
    return drill;
}

/* The 16 bytes that a UUID's text stands for. */
static void uuid_bytes(const char *text, guint8 bytes[16])
{
    int n = 0;

    memset(bytes, 0, 16);
    for (const char *c = text; *c && n < 32; c++)
        if (g_ascii_isxdigit(*c)) {
            bytes[n / 2] = (guint8)(bytes[n / 2] << 4 | g_ascii_xdigit_value(*c));
            n++;
        }
}

char *tag_uuid5(const char *namespace_uuid, const char *name)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 b[20];
    gsize size = sizeof(b);

    uuid_bytes(namespace_uuid, b);
    g_checksum_update(sum, b, 16);
    g_checksum_update(sum, (const guchar *)name, -1);
    g_checksum_get_digest(sum, b, &size);
    b[6] = (b[6] & 0x0f) | 0x50;
    b[8] = (b[8] & 0x3f) | 0x80;
    return g_strdup_printf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
                           "%02x%02x%02x%02x%02x%02x",
                           b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
                           b[10], b[11], b[12], b[13], b[14], b[15]);
}
