/*
 * How an object in libvirt says which drill it belongs to: a metadata element
 *
 *   <parry:drill xmlns:parry="https://parry.invalid/xmlns/drill/1"
 *                uuid="…" host="health/web" generation="0"/>
 *
 * on domains and networks. (Filters are not libvirt's: their table's name has the UUID.)
 */
#ifndef PARRY_RANGE_TAG_H
#define PARRY_RANGE_TAG_H

#include "orchestrator/range/xml.h"

#define TAG_NS "https://parry.invalid/xmlns/drill/1"

/* Writes <metadata> with the tag; object: a host's or a network's id. */
void tag_write(Xml *xml, const char *drill, const char *object);

/*
 * The drill's UUID that a domain's or network's XML is tagged with; NULL where there is
 * no tag. object, generation: may be NULL; else the tag's values (caller frees) or NULL.
 */
char *tag_read(const char *xml, char **object, char **generation);

/* RFC 4122 version 5 UUID of a name within a namespace UUID (text in, text out). */
char *tag_uuid5(const char *namespace_uuid, const char *name);

#endif
