#include "orchestrator/range/xml.h"

#include <libxml/xmlwriter.h>
#include <stdarg.h>

struct Xml {
    xmlBufferPtr x_buffer;
    xmlTextWriterPtr x_writer;
};

/*
 * The writer fails only for want of memory or through a nesting error of the caller:
 * both end the program in GLib's way, long before a drill runs on half a document.
 */
static void must(int written)
{
    if (written < 0)
        g_error("libxml2: cannot write XML");
}

Xml *xml_new(void)
{
    Xml *xml = g_new0(Xml, 1);

    xml->x_buffer = xmlBufferCreate();
    xml->x_writer = xml->x_buffer ? xmlNewTextWriterMemory(xml->x_buffer, 0) : NULL;
    must(xml->x_writer ? 0 : -1);
    must(xmlTextWriterSetIndent(xml->x_writer, 1));
    must(xmlTextWriterSetIndentString(xml->x_writer, BAD_CAST "  "));
    return xml;
}

static void start(Xml *xml, const char *name, va_list pairs)
{
    const char *key;

    must(xmlTextWriterStartElement(xml->x_writer, BAD_CAST name));
    while ((key = va_arg(pairs, const char *)) != NULL) {
        const char *value = va_arg(pairs, const char *);

        must(xmlTextWriterWriteAttribute(xml->x_writer, BAD_CAST key, BAD_CAST value));
    }
}

void xml_open(Xml *xml, const char *name, ...)
{
    va_list pairs;

    va_start(pairs, name);
    start(xml, name, pairs);
    va_end(pairs);
}

void xml_close(Xml *xml)
{
    must(xmlTextWriterEndElement(xml->x_writer));
}

void xml_item(Xml *xml, const char *name, ...)
{
    va_list pairs;

    va_start(pairs, name);
    start(xml, name, pairs);
    va_end(pairs);
    xml_close(xml);
}

void xml_text(Xml *xml, const char *name, const char *text)
{
    must(xmlTextWriterWriteElement(xml->x_writer, BAD_CAST name, BAD_CAST text));
}

void xml_chars(Xml *xml, const char *text)
{
    must(xmlTextWriterWriteString(xml->x_writer, BAD_CAST text));
}

void xml_decimal(Xml *xml, guint64 number)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, number);

    xml_chars(xml, text);
}

char *xml_finish(Xml *xml)
{
    char *text;

    must(xmlTextWriterEndDocument(xml->x_writer));
    xmlFreeTextWriter(xml->x_writer);
    text = g_strdup((const char *)xmlBufferContent(xml->x_buffer));
    xmlBufferFree(xml->x_buffer);
    g_free(xml);
    return text;
}
