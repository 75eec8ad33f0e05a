import { useIsFetching, useIsMutating } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";

/** Says on the body whether anything is still being got: for pictures and tests, which must not look too early. */
export function useSettled() {
  useMark(useRouterState({ select: (state) => state.isLoading }));
}

/** The same where there is no router. */
export function useFetchSettled() {
  useMark(false);
}

function useMark(loading: boolean) {
  const busy = useIsFetching() + useIsMutating() > 0 || loading;
  useEffect(() => {
    if (busy) {
      document.body.dataset.settled = "false";
      return;
    }
    // One answer often leads to the next question.
    const timer = setTimeout(() => {
      document.body.dataset.settled = "true";
    }, 120);
    return () => clearTimeout(timer);
  }, [busy]);
}
