/** The words of the preparation, which the SDK draws before the extension is there. */
export const preparationPl = {
  title: "Przygotuj się do odnowienia",
  lead: "Sprawdzamy, czy na tym komputerze wszystko jest gotowe. Lista zmienia się sama, gdy coś podłączysz.",
  needsTitle: "Przygotuj też",
  needs: [
    ["PIN karty", "ten, którym podpisujesz dokumenty"],
    ["Kod odnowienia", "z wiadomości wysłanej po zakupie"],
    ["Telefon", "będzie zatwierdzał podpisy"],
  ],
  checksTitle: "Ten komputer",
  checks: {
    browser: "Przeglądarka",
    extension: "Rozszerzenie Odnowa",
    agent: "Program Odnowa",
    reader: "Czytnik kart",
    card: "Karta w czytniku",
    certificate: "Certyfikat na karcie",
  },
  states: { ok: "gotowe", failed: "brakuje", warning: "uwaga", unknown: "jeszcze nie sprawdzone", checking: "sprawdzamy" },
  browserFailed: "Tej przeglądarki nie obsługujemy",
  browserCure: "Otwórz tę stronę na komputerze w Chrome, Edge, Chromium lub Firefoksie.",
  install: "Zainstaluj rozszerzenie",
  installAgent: "Zainstaluj program Odnowa",
  pair: "Połącz przeglądarkę",
  reload: "Odśwież stronę",
  again: "Sprawdź ponownie",
  start: "Zacznij",
  ready: "Wszystko gotowe. Możesz zacząć.",
  notReady: "Gdy wszystko będzie gotowe, pojawi się przycisk „Zacznij”.",
  checking: "Sprawdzamy…",
  after: "PIN podasz tylko w oknie programu Odnowa, nigdy na stronie.",
  version: (version: string) => `wersja ${version}`,
};

export type PreparationTexts = typeof preparationPl;
