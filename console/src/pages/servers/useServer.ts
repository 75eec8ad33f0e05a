import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";

/** A virtual server by its id or slug. */
export function useServer(ref: string) {
  return useQuery({
    queryKey: ["servers", ref],
    queryFn: () => ask(api.GET("/servers/{id}", { params: { path: { id: ref } } })),
    enabled: ref !== "",
  });
}
