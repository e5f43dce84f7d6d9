#include "orchestrator/range/network_xml.h"

#include "orchestrator/range/tag.h"

char *network_xml(const Plan *plan, const char *drill, int network)
{
    const PlanNetwork *net = g_ptr_array_index(plan->p_networks, network);
    Xml *xml = xml_new();

    xml_open(xml, "network", NULL);
    xml_text(xml, "name", net->pn_libvirt);
    xml_text(xml, "uuid", net->pn_uuid);
    tag_write(xml, drill, net->pn_id);
    /* Spanning tree would hold each new port back, and speak to guests. */
    xml_item(xml, "bridge", "name", net->pn_bridge, "stp", "off", "delay", "0", NULL);
    xml_close(xml);
    return xml_finish(xml);
}
