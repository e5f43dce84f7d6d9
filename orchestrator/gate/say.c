#include "orchestrator/gate/say.h"

#include "scoreboard/words.h"

#include <glib.h>
#include <string.h>

static const struct {
    const char *en, *zh;
} phrases[] = {
    {"Score", "分數"},
    {"Rank", "排名"},
    {"Your hosts", "你的主機"},
    {"Type `help` for what can be done here.", "輸入 `help` 查看可用指令。"},
    {"What can be done here:", "可用指令："},
    {"this list", "顯示本說明"},
    {"hosts of your estate and how they are", "你的主機及其狀態"},
    {"your team's score and its parts", "隊伍分數及各部分"},
    {"the scoreboard", "計分板"},
    {"what happened lately", "最近事件"},
    {"messages to your team", "給你隊伍的訊息"},
    {"report an incident: TIME is now, 10m (ago) or 18:04 on the drill clock",
     "呈報事故：TIME 為 now、10m（之前）或演練時鐘 18:04"},
    {"answer a message", "回覆訊息"},
    {"a shell on one of your hosts; Ctrl-] leaves it", "登入你的主機；按 Ctrl-] 離開"},
    {"the serial console of one of your hosts; Ctrl-] leaves it",
     "你的主機的序列主控台；按 Ctrl-] 離開"},
    {"leave", "離開"},
    {"name", "名稱"},
    {"address", "位址"},
    {"state", "狀態"},
    {"owner", "擁有者"},
    {"No messages.", "沒有訊息。"},
    {"answered", "已回覆"},
    {"mail", "電郵"},
    {"phone", "電話"},
    {"radio", "無線電"},
    {"chat", "即時通訊"},
    {"paper", "文件"},
    {"press", "傳媒"},
    {"social", "社交媒體"},
    {"what came with a message", "訊息附件"},
    {"This is no text: fetch it by `ssh … open MESSAGE FILE >FILE`.",
     "這不是文字檔：請用 `ssh … open MESSAGE FILE >FILE` 取回。"},
    {"answer within", "須回覆於"},
    {"Nothing yet.", "暫時沒有。"},
    {"Reported, number", "已呈報，編號"},
    {"Answered, number", "已回覆，編號"},
    {"Your team has no score of its own.", "你的隊伍沒有分數。"},
    {"Unknown command; `help` lists them:", "未知指令；輸入 `help` 查看："},
    {"Usage:", "用法："},
    {"On", "已登入"},
    {"Ctrl-] leaves; what is shown is recorded.", "按 Ctrl-] 離開；畫面會被記錄。"},
    {"left", "已離開"},
    {"Nothing is taken from you now:", "現時不接受輸入："},
    {"It goes on.", "繼續進行。"},
    {"ask to have one of your hosts put back as it was", "要求把你的主機還原"},
    {"resets that are left to you, and what became of those asked for",
     "尚餘的重設次數及已提出的要求"},
    {"cost", "扣分"},
    {"who decides", "由誰決定"},
    {"remaining", "尚餘"},
    {"any number", "不限"},
    {"white decides", "主控決定"},
    {"at once", "即時"},
    {"until", "至"},
    {"waits", "等待中"},
    {"done", "已還原"},
    {"left to your team:", "隊伍尚餘："},
    {"Asked, number", "已提出，編號"},
    {"White decides; you are told here.", "由主控決定，結果會在此告知。"},
    {"The host is being reset.", "主機正在重設。"},
    {"Nothing was asked for.", "沒有提出要求。"},
    {"A reset puts it back as it was when ready. Lost are all changes, files and logs on "
     "it, yours too; open shells on it end; what could still be earned for containing or "
     "eradicating attacks there is void.",
     "重設會把主機還原至就緒時的狀態。其上所有更改、檔案及日誌（包括你的）都會失去；已開"
     "啟的終"
     "端會結束；該處尚可因遏制或根除攻擊而得的分數作廢。"},
    {"Points it costs:", "扣分："},
    {"Left before it:", "重設前尚餘："},
    {"White decides.", "由主控決定。"},
    {"It begins at once.", "即時開始。"},
    {"That is not one of your own hosts; `hosts` lists them.",
     "這不是你的主機；輸入 `hosts` 查看。"},
    {"To ask for it:", "如要提出："},
    {"Type `yes` to ask for it, anything else not to.",
     "輸入 `yes` 提出要求，輸入其他則取消。"},
    {"The drill's control is gone; log in again in a moment.",
     "演練控制已中斷，請稍後重新登入。"},
};

const char *say(const char *lang, const char *english)
{
    if (g_strcmp0(lang, "zh-Hant"))
        return english;
    for (gsize i = 0; i < G_N_ELEMENTS(phrases); i++)
        if (!strcmp(phrases[i].en, english))
            return phrases[i].zh;
    return word_in(lang, english);
}
