const PART = /\{([+#./;?&]?)([^{}]+)\}/g;
const KINDS: Record<string, { first: string; between: string; named: boolean; open: boolean }> = {
  "": { first: "", between: ",", named: false, open: false },
  "+": { first: "", between: ",", named: false, open: true },
  "#": { first: "#", between: ",", named: false, open: true },
  ".": { first: ".", between: ".", named: false, open: false },
  "/": { first: "/", between: "/", named: false, open: false },
  ";": { first: ";", between: ";", named: true, open: false },
  "?": { first: "?", between: "&", named: true, open: false },
  "&": { first: "&", between: "&", named: true, open: false },
};

/** The names of the variables of a URI template (RFC 6570), each once, in order. */
export function variablesOf(template: string): string[] {
  const names = [...template.matchAll(PART)].flatMap(([, , list = ""]) => list.split(",").map(nameOf));
  return [...new Set(names.filter(Boolean))];
}

/** The URI that values make of a template; what has none is left out. Values are texts. */
export function expand(template: string, values: Record<string, string>): string {
  return template.replaceAll(PART, (_, operator: string, list: string) => {
    const kind = KINDS[operator];
    if (!kind) return "";
    const parts = list.split(",").flatMap((one) => {
      const name = nameOf(one);
      const value = values[name];
      if (value === undefined) return [];
      const text = kind.open ? encodeURI(value) : encodeStrict(value);
      return [kind.named ? `${name}=${text}` : text];
    });
    return parts.length ? kind.first + parts.join(kind.between) : "";
  });
}

function nameOf(variable: string): string {
  return variable.trim().replace(/(\*|:\d+)$/, "");
}

function encodeStrict(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
