import { type ClassValue, clsx } from "clsx";
import { twMerge } from "tailwind-merge";

/** Class names, of which later ones win. */
export function cn(...values: ClassValue[]): string {
  return twMerge(clsx(values));
}
