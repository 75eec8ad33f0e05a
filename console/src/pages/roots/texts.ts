import { catalog } from "@/lib/i18n";

export const texts = catalog(
  {
    title: "Roots",
    about:
      "Roots are folders or addresses that Gatehouse tells MCP servers to work on: a file server, say, keeps to them.",
    add: "Add a root",
    change: "Change the root",
    empty: "No roots",
    emptyWords: "MCP servers that ask hear of the client's own roots, or of none.",
    uri: "Address",
    uriHelp: "As file:///srv/projects; others than files where the MCP server knows them.",
    name: "Name",
    told: "Who is told",
    everybody: "Every MCP server",
    toldHelp: "None chosen: all of them.",
  },
  {
    title: "루트",
    about:
      "루트는 MCP 서버가 작업할 폴더나 주소를 Gatehouse가 알려 주는 것입니다. 예를 들어 파일 서버는 그 안에서만 일합니다.",
    add: "루트 추가",
    change: "루트 바꾸기",
    empty: "루트가 없습니다",
    emptyWords: "물어보는 MCP 서버는 클라이언트의 루트를 듣거나 아무것도 듣지 못합니다.",
    uri: "주소",
    uriHelp: "file:///srv/projects처럼 적습니다. MCP 서버가 아는 다른 주소도 됩니다.",
    name: "이름",
    told: "알려 줄 곳",
    everybody: "모든 MCP 서버",
    toldHelp: "고르지 않으면 모두에게 알려 줍니다.",
  },
);
