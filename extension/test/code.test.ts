import { expect, test } from "vitest";
import { formatCode, formatInput, plainCode, readablePhone, sixDigits, spelled } from "../src/wizard/code.ts";

test.each([
  ["", ""],
  ["abcd", "ABCD"],
  ["abcde", "ABCD-E"],
  ["  abcd-1234 efgh\n", "ABCD-1234-EFGH"],
  ["ABCD–1234—EFGH", "ABCD-1234-EFGH"],
])("%j is formatted %j", (typed, formatted) => {
  expect(formatCode(typed)).toBe(formatted);
  expect(formatCode(formatted)).toBe(formatted);
  expect(plainCode(formatted)).toBe(plainCode(typed));
});

/** An input with text and caret, as a browser leaves it after a key. */
function input(value: string, caret: number) {
  const element = {
    value,
    selectionStart: caret,
    setSelectionRange: (start: number) => (element.selectionStart = start),
  };
  formatInput(element as unknown as HTMLInputElement);
  return [element.value, element.selectionStart];
}

test("the caret stays behind the character that was typed", () => {
  expect(input("abcd1", 5)).toEqual(["ABCD-1", 6]);
  expect(input("ABxCD-1234", 3)).toEqual(["ABXC-D123-4", 3]);
  expect(input("ABCD-1234", 9)).toEqual(["ABCD-1234", 9]);
});

test("numbers to compare and to read", () => {
  expect(sixDigits("048215")).toBe("048 215");
  expect(spelled("048215")).toBe("0 4 8 2 1 5");
  expect(readablePhone("+48600100200")).toBe("+48 600 100 200");
  expect(readablePhone("+4915112345678")).toBe("+4915112345678");
});
