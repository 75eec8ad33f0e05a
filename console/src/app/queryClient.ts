import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "@/api/problem";

const TRIES = 2;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What was refused would be refused again.
      retry: (failures, error) => !(error instanceof ApiProblem && error.status < 500) && failures < TRIES,
    },
  },
});
