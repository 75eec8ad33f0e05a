import { type FormEvent, type ReactNode, useId, useState } from "react";
import { ApiProblem } from "@/api/problem";
import { inWords } from "@/api/tell";
import { useCommonTexts } from "@/lib/common";
import { Button } from "./Button";
import { Note } from "./Note";
import { Overlay } from "./Overlay";

type Props = {
  open: boolean;
  onClose: () => void;
  title: string;
  about?: ReactNode;
  action: string;
  /** Resolves when it is done, and then the overlay closes; what it throws is told, and nothing typed is lost. */
  onSubmit: () => Promise<unknown>;
  children: ReactNode | ((field: (name: string) => string | undefined) => ReactNode);
  kind?: "dialog" | "sheet";
  wide?: boolean;
};

/** A form in a dialog or a sheet. Children may ask what the API found wrong with a field. */
export function FormOverlay({ open, onClose, title, about, action, onSubmit, children, kind, wide }: Props) {
  const common = useCommonTexts();
  const id = useId();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const close = () => {
    setError(null);
    onClose();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await onSubmit();
      close();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  const field = (name: string) => (error instanceof ApiProblem ? error.field(name) : undefined);
  const footer = (
    <>
      <Button onClick={close}>{common.cancel}</Button>
      <Button kind="primary" type="submit" form={id} busy={busy}>
        {action}
      </Button>
    </>
  );
  return (
    <Overlay open={open} onClose={close} title={title} about={about} kind={kind} wide={wide} footer={footer}>
      <form id={id} onSubmit={submit} className="space-y-4">
        {error !== null && <Trouble error={error} />}
        {typeof children === "function" ? children(field) : children}
      </form>
    </Overlay>
  );
}

/** What went wrong with a form, above it. */
export function Trouble({ error }: { error: unknown }) {
  const { title, hint } = inWords(error, useCommonTexts());
  return (
    <Note tone="bad" title={title}>
      {hint}
    </Note>
  );
}
