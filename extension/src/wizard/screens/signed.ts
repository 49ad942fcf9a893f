import type { TemplateResult } from "lit-html";
import { visit } from "../actions.ts";
import { documentCard, page } from "../parts.ts";
import type { Wizard } from "../wizard.ts";

/** Step 7: the signed application. */
export function signed(w: Wizard): TemplateResult {
  const t = w.t.signed;
  const { number = "", signedAt } = w.renewal?.application ?? {};
  return page(w, {
    title: t.title,
    lead: t.lead,
    body: documentCard(w, {
      title: `${t.document} ${number}`, path: "application.pdf", saveAs: `${number}.pdf`, test: "signed", view: t.view,
      save: t.save, ...(signedAt !== undefined && { note: t.at(w.dates.moment(signedAt)) }),
    }),
    primary: { label: w.t.next, test: "signed-next", act: () => visit(w, "phone") },
    after: t.after,
  });
}
