import { Toaster } from "sonner";
import { useTheme } from "@/lib/theme";

export function Toasts() {
  const { dark } = useTheme();
  return (
    <Toaster
      theme={dark ? "dark" : "light"}
      position="bottom-right"
      toastOptions={{
        classNames: {
          toast: "!rounded-lg !border !border-line !bg-surface !text-ink !shadow-float !font-sans",
          description: "!text-muted",
          actionButton: "!bg-accent !text-accent-ink",
          error: "!text-ink [&_[data-icon]]:!text-bad",
          success: "[&_[data-icon]]:!text-ok",
        },
      }}
    />
  );
}
