import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Tooltip } from "radix-ui";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { CONSOLE, ROOT } from "@/api/root";
import { queries } from "@/app/queryClient";
import { router } from "@/app/router";
import { Toasts } from "@/app/Toasts";
import { Starting } from "@/components/States";
import { LanguageProvider } from "@/lib/i18n";
import { paintFirst, ThemeProvider } from "@/lib/theme";
import "@/styles/index.css";

const Doorway = lazy(() => import("@/app/doorway/Doorway"));
const DOORS = ["setup", "invite", "sign-in"];

paintFirst();
const path = location.pathname.slice(ROOT.length).replace(/\/$/, "");
const door = DOORS.find((one) => one === path);
if (!door && !location.pathname.startsWith(CONSOLE))
  history.replaceState(null, "", CONSOLE + location.search);

const place = document.getElementById("root");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <ThemeProvider>
        <LanguageProvider>
          <QueryClientProvider client={queries}>
            <Tooltip.Provider delayDuration={350}>
              <Suspense fallback={<Starting />}>
                {door ? <Doorway door={door} /> : <RouterProvider router={router} />}
              </Suspense>
              <Toasts />
            </Tooltip.Provider>
          </QueryClientProvider>
        </LanguageProvider>
      </ThemeProvider>
    </StrictMode>,
  );
}
