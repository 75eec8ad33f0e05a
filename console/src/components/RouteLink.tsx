import { Link } from "@tanstack/react-router";
import type { ComponentProps } from "react";

type Props = Omit<ComponentProps<"a">, "href"> & {
  to: string;
  search?: Record<string, string | undefined>;
  replace?: boolean;
};

/** A link to a page of the console: `/servers/abc`, with what stands behind the `?` as `search`. */
export function RouteLink({ to, search, children, ...rest }: Props) {
  return (
    <Link to={to as never} search={(search ?? {}) as never} {...rest}>
      {children}
    </Link>
  );
}

/** The look of a link within text. */
export const linkStyle =
  "text-accent underline decoration-accent/40 underline-offset-2 hover:decoration-accent";
