import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";

/** Every text is said in English first; the compiler refuses a Korean catalog that lacks one, or takes other values. */
// biome-ignore lint/suspicious/noExplicitAny: a message takes whatever values its English form takes
type Message = string | ((...values: any[]) => string);
export type Words = { [key: string]: Message | Words };
type Translated<T> = {
  [K in keyof T]: T[K] extends (...values: infer V) => string
    ? (...values: V) => string
    : T[K] extends string
      ? string
      : Translated<T[K]>;
};
export type Language = "en" | "ko";
export type Catalog<T> = { en: T; ko: Translated<T> };

export const LANGUAGES: Record<Language, string> = { en: "English", ko: "한국어" };
const KEPT = "gatehouse.language";

/** A catalog of texts: `const texts = catalog({ title: "Tools" }, { title: "도구" })`. */
export function catalog<const T extends Words>(en: T, ko: Translated<T>): Catalog<T> {
  return { en, ko };
}

type Spoken = { language: Language; setLanguage: (language: Language) => void };
const Context = createContext<Spoken>({ language: "en", setLanguage: () => undefined });

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(preferred);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const value = useMemo(() => ({ language, setLanguage: keep(setLanguage) }), [language]);
  return <Context value={value}>{children}</Context>;
}

export function useLanguage(): Spoken {
  return useContext(Context);
}

/** The texts of a catalog in the language of the console. */
export function useTexts<T>(texts: Catalog<T>): Translated<T> {
  const { language } = useContext(Context);
  return language === "ko" ? texts.ko : (texts.en as unknown as Translated<T>);
}

function keep(set: (language: Language) => void) {
  return (language: Language) => {
    localStorage.setItem(KEPT, language);
    set(language);
  };
}

function preferred(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "ko") return kept;
  return navigator.languages.some((one) => one.startsWith("ko")) && !navigator.language.startsWith("en")
    ? "ko"
    : "en";
}
