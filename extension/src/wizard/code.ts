/** The renewal code as a person types it: groups of four, whatever was pasted. */

const group = 4;

/** Upper case, letters and digits only, in groups of four. */
export function formatCode(typed: string): string {
  const plain = plainCode(typed);
  return plain.match(new RegExp(`.{1,${group}}`, "g"))?.join("-") ?? "";
}

/** Upper case, letters and digits only. */
export function plainCode(typed: string): string {
  return typed.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, 64);
}

/** Formats an input in place and keeps the caret behind the same character. */
export function formatInput(input: HTMLInputElement): string {
  const caret = plainCode(input.value.slice(0, input.selectionStart ?? input.value.length)).length;
  const formatted = formatCode(input.value);
  if (formatted !== input.value) {
    input.value = formatted;
    const position = formatCode(plainCode(formatted).slice(0, caret)).length;
    input.setSelectionRange(position, position);
  }
  return formatted;
}

/** Six digits in two groups of three. */
export function sixDigits(code: string): string {
  return `${code.slice(0, 3)} ${code.slice(3)}`;
}

/** Six digits for a screen reader: one by one. */
export function spelled(code: string): string {
  return code.split("").join(" ");
}

/** A phone number in E.164 with spaces for the eye: Polish ones in threes. */
export function readablePhone(number: string): string {
  return number.replace(/^\+48(\d{3})(\d{3})(\d{3})$/, "+48 $1 $2 $3");
}
