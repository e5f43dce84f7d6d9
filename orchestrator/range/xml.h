/*
 * A thin hand on libxml2's xmlTextWriter: elements with attribute pairs, escaped by the
 * library, the result a g_free()-able string.
 */
#ifndef PARRY_RANGE_XML_H
#define PARRY_RANGE_XML_H

#include <glib.h>

typedef struct Xml Xml;

Xml *xml_new(void);

/* Opens an element; attributes are name, value pairs ended by NULL. */
void xml_open(Xml *xml, const char *name, ...) G_GNUC_NULL_TERMINATED;
void xml_close(Xml *xml);

/* An element without content. */
void xml_item(Xml *xml, const char *name, ...) G_GNUC_NULL_TERMINATED;

/* An element that holds only a text. */
void xml_text(Xml *xml, const char *name, const char *text);

/* Text, or a number, inside the open element. */
void xml_chars(Xml *xml, const char *text);
void xml_decimal(Xml *xml, guint64 number);

/* Ends the document and frees xml; the caller frees the text. */
char *xml_finish(Xml *xml);

#endif
