import { useSession } from "@/app/session";
import { useUsers } from "@/components/pickers";

/** How a user is called: by address where the caller may know it, else by id. */
export function useUserName(id: string): string {
  const { can, user } = useSession();
  const users = useUsers(can("user.read"));
  if (user?.id === id) return user.email;
  return users.data?.find((one) => one.id === id)?.email ?? id;
}
