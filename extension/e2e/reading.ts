// Whether words stand in a text that was read off a picture, where a letter may have been misread.

/** Small letters without accents, and digits. */
function letters(text: string): string {
  return text.toLowerCase().replaceAll("ł", "l").normalize("NFD").replaceAll(/[^a-z0-9]/g, "");
}

/** The least number of letters to change, add or leave out so that the words stand somewhere in the text (Sellers 1980). */
export function misread(words: string, text: string): number {
  const wanted = letters(words);
  let column = Array.from({ length: wanted.length + 1 }, (_, i) => i);
  let least = wanted.length;
  for (const letter of letters(text)) {
    const next = [0];
    for (let i = 1; i <= wanted.length; i++) {
      const changed = column[i - 1]! + (wanted[i - 1] === letter ? 0 : 1);
      next.push(Math.min(changed, column[i]! + 1, next[i - 1]! + 1));
    }
    column = next;
    least = Math.min(least, column[wanted.length]!);
  }
  return least;
}

/** One letter in fifteen may be misread. */
export function stands(words: string, text: string): boolean {
  return misread(words, text) <= letters(words).length / 15;
}
