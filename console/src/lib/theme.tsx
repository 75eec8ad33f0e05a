import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";

export type Theme = "light" | "dark" | "system";
type Chosen = { theme: Theme; dark: boolean; setTheme: (theme: Theme) => void };
const KEPT = "gatehouse.theme";
const Context = createContext<Chosen>({ theme: "system", dark: false, setTheme: () => undefined });

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [theme, setTheme] = useState<Theme>(kept);
  const system = useSystemDark();
  const dark = theme === "dark" || (theme === "system" && system);
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }, [dark]);
  const value = useMemo(
    () => ({
      theme,
      dark,
      setTheme: (next: Theme) => {
        localStorage.setItem(KEPT, next);
        setTheme(next);
      },
    }),
    [theme, dark],
  );
  return <Context value={value}>{children}</Context>;
}

export function useTheme(): Chosen {
  return useContext(Context);
}

/** To be called before the first paint, so that no light page flashes up in the dark. */
export function paintFirst() {
  const theme = kept();
  const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

function kept(): Theme {
  const value = localStorage.getItem(KEPT);
  return value === "light" || value === "dark" ? value : "system";
}

function useSystemDark(): boolean {
  return useMedia("(prefers-color-scheme: dark)");
}

export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const look = () => setMatches(list.matches);
    look();
    list.addEventListener("change", look);
    return () => list.removeEventListener("change", look);
  }, [query]);
  return matches;
}
