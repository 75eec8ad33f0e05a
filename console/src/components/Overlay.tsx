import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";
import { useCommonTexts } from "@/lib/common";
import { Button, IconButton } from "./Button";

type Props = {
  open: boolean;
  onClose: () => void;
  title: string;
  about?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
  /** A dialog in the middle, or a sheet at the right edge that leaves the page beside it to be seen. */
  kind?: "dialog" | "sheet";
  wide?: boolean;
};

const PLACES = {
  dialog:
    "inset-x-0 top-0 mx-auto max-h-dvh w-full max-w-lg sm:top-[8vh] sm:max-h-[84vh] sm:rounded-xl sm:border sm:w-[calc(100%-2rem)]",
  sheet: "inset-y-0 right-0 h-dvh w-full max-w-lg border-l",
};

export function Overlay({ open, onClose, title, about, children, footer, kind = "dialog", wide }: Props) {
  const common = useCommonTexts();
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-[oklch(0.15_0.02_260/0.45)]" />
        <Radix.Content
          aria-describedby={undefined}
          onOpenAutoFocus={focusFirst}
          className={cn(
            "fixed z-40 flex flex-col border-line bg-surface shadow-float outline-none",
            PLACES[kind],
            wide && "max-w-3xl",
          )}
        >
          <div className="flex items-start justify-between gap-3 border-b border-line py-3 pr-3 pl-5">
            <div className="min-w-0 pt-1">
              <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
              {about && <p className="mt-1 text-sm text-muted">{about}</p>}
            </div>
            <Radix.Close asChild>
              <IconButton label={common.close}>
                <X aria-hidden />
              </IconButton>
            </Radix.Close>
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
          {footer && (
            <div className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3">{footer}</div>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The first thing to fill in, rather than the button that closes. */
function focusFirst(event: Event) {
  event.preventDefault();
  const content = event.currentTarget as HTMLElement;
  const field = content.querySelector<HTMLElement>(
    "input:not([type=hidden], [type=file], [readonly]), select, textarea, [role=combobox]",
  );
  (field ?? content).focus();
}

type ConfirmProps = {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  action: string;
  onConfirm: () => void;
  busy?: boolean;
};

/** For what can't be undone; what can be, is done at once and offers "Undo". */
export function Confirm({ open, onClose, title, children, action, onConfirm, busy }: ConfirmProps) {
  const common = useCommonTexts();
  const footer = (
    <>
      <Button onClick={onClose}>{common.cancel}</Button>
      <Button kind="danger" onClick={onConfirm} busy={busy}>
        {action}
      </Button>
    </>
  );
  return (
    <Overlay open={open} onClose={onClose} title={title} footer={footer}>
      <div className="text-muted">{children}</div>
    </Overlay>
  );
}
