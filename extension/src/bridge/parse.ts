/**
 * Parsers for what others send: `unknown` becomes a typed value once, at the edge. Members that are
 * not asked for are dropped (clients ignore fields they don't know).
 */

/** Reads a value or throws a ParseError that names the place, never the value. */
export type Parser<T> = (value: unknown, path?: string) => T;

export class ParseError extends Error {
  override readonly name = "ParseError";
  constructor(path: string, wanted: string) {
    super(`${path}: not ${wanted}`);
  }
}

/** A parser for each member; a member that T leaves out may be absent. */
export type Shape<T> = {
  readonly [K in keyof T]-?: Partial<Record<K, unknown>> extends Pick<T, K>
    ? Parser<Exclude<T[K], undefined> | undefined>
    : Parser<T[K]>;
};

export const string: Parser<string> = (value, path = "value") => {
  if (typeof value !== "string") throw new ParseError(path, "a string");
  return value;
};

export const integer: Parser<number> = (value, path = "value") => {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new ParseError(path, "an integer");
  return value;
};

export const boolean: Parser<boolean> = (value, path = "value") => {
  if (typeof value !== "boolean") throw new ParseError(path, "a boolean");
  return value;
};

/** Standard base64 with padding (RFC 4648 section 4). */
export const base64: Parser<string> = (value, path = "value") => {
  const text = string(value, path);
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new ParseError(path, "base64");
  return text;
};

/** An RFC 3339 time. */
export const time: Parser<string> = (value, path = "value") => {
  const text = string(value, path);
  if (!/^\d{4}-\d{2}-\d{2}T/.test(text) || Number.isNaN(Date.parse(text))) throw new ParseError(path, "a time");
  return text;
};

export function matching(pattern: RegExp): Parser<string> {
  return (value, path = "value") => {
    const text = string(value, path);
    if (!pattern.test(text)) throw new ParseError(path, "of the right form");
    return text;
  };
}

export function oneOf<const T extends string | number>(values: readonly T[]): Parser<T> {
  return (value, path = "value") => {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw new ParseError(path, "one of the known values");
    return found;
  };
}

/** As oneOf, but a value of a newer peer is read as `fallback`. */
export function oneOfOr<const T extends string>(values: readonly T[], fallback: T): Parser<T> {
  return (value, path = "value") => {
    const text = string(value, path);
    return values.find((candidate) => candidate === text) ?? fallback;
  };
}

export function optional<T>(parser: Parser<T>): Parser<T | undefined> {
  return (value, path) => (value === undefined ? undefined : parser(value, path));
}

/** A list. Go writes an empty one as null. */
export function array<T>(parser: Parser<T>): Parser<T[]> {
  return (value, path = "value") => {
    if (value === null) return [];
    if (!Array.isArray(value)) throw new ParseError(path, "a list");
    return value.map((item: unknown, index) => parser(item, `${path}[${index}]`));
  };
}

/** Anything that is an object, its members unread. */
export const record: Parser<Record<string, unknown>> = (value, path = "value") => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ParseError(path, "an object");
  return value as Record<string, unknown>;
};

export function object<T extends object>(shape: Shape<T>): Parser<T> {
  const members = Object.entries<Parser<unknown>>(shape);
  return (value, path = "value") => {
    const source = record(value, path);
    const result: Record<string, unknown> = {};
    for (const [name, parser] of members) {
      const read = parser(Object.hasOwn(source, name) ? source[name] : undefined, `${path}.${name}`);
      if (read !== undefined) result[name] = read;
    }
    return result as T;
  };
}
