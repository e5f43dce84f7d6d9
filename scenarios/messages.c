/* Messages: what people are told, and what comes with it. */
#include "scenarios/injects.h"

#include <string.h>

static GBytes *attachment_bytes(Loader *loader, const Node *def, int team)
{
    Node *source = node_get(def, "source");

    if (node_text(source))
        return loader_source(loader, source);
    char *text = loader_subst(loader, node_get(def, "content"), team);
    return text ? g_bytes_new_take(text, strlen(text)) : NULL;
}

static void expand_attachment(Loader *loader, PlanInject *inject, const Node *def)
{
    Node *name = node_get(def, "name");
    const GPtrArray *all = inject->in_attachments;

    if (!node_text(name))
        return;
    const char *text = name->nd_text;
    if (!*text || strlen(text) > 255 || strpbrk(text, "/\\\n\r\t") || *text == '.')
        loader_error(loader, name, "write for example \"roster.csv\"",
                     "this is no name of a file");
    for (guint i = 0; i < all->len; i++)
        if (!strcmp(((const PlanAttachment *)all->pdata[i])->at_name, text))
            loader_error(loader, name, NULL, "two attachments are named \"%s\"", text);
    GBytes *bytes = attachment_bytes(loader, def, inject->in_team);
    if (!bytes)
        return;
    PlanAttachment *attachment = g_new0(PlanAttachment, 1);
    attachment->at_name = g_strdup(text);
    attachment->at_bytes = bytes;
    g_ptr_array_add(inject->in_attachments, attachment);
}

void message_expand(Loader *loader, InjectDef *def, int team)
{
    const Node *message = def->jd_what, *attachments = node_get(message, "attachments");
    PlanInject *inject = inject_add(loader, def, team);

    if (!inject)
        return;
    inject->in_subject =
        loader_subst_text(loader, node_get(message, "subject"), team, "");
    inject->in_body = loader_subst_text(loader, node_get(message, "body"), team, "");
    if (!node_get(def->jd_def, "title")) {
        parry_text_free(inject->in_title);
        inject->in_title = loader_subst_text(loader, node_get(message, "subject"), team,
                                             inject->in_name);
    }
    inject->in_sender = loader_subst(loader, node_get(message, "from"), team);
    inject->in_channel = g_strdup(key_text(&keys_message, message, "channel"));
    if (attachments && attachments->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(attachments); i++)
            expand_attachment(loader, inject, node_at(attachments, i));
    expects_expand(loader, def, inject, node_get(def->jd_def, "expect"));
}
