"""Write `data/phpform.json`: what PHP itself makes of the requests chosen here.

Needs php-cli: `python tests/contract/phpform_vectors.py`. Bytes are kept as Latin-1 text. A vector
without a Content-Type is urlencoded.
"""

import base64
import json
import shutil
import socket
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DATA = HERE / "data" / "phpform.json"
URLENCODED = "application/x-www-form-urlencoded"

FLAT = r"""
a=1
a=
a
=
=1
&
&&
a=1&
&a=1
a=1&&b=2
a=1&b=2
a=1&a=2
a=1&b=2&a=3
a=b=c
a==b
a=1=
a=1;b=2
a;b=1
a=%3D
a=%26
a=%26b=1
a%26b=1
a%3Db=1
a%3db=%3d
a=%25
a=%2526
a=%253D
a=%2525
a=%25%32%36
a=%%32%36
a=%2%36
a=%
a=%%
a=%%%
a=%4
a=%zz
a=%4z
a=%z4
a=%%41
a=%%%41
a=%4%41
a=%-1
a=%+1
a=% 1
a=%u0041
a=10% off&b=20%
a=100%&b=1
a=%c3%a9
a=%C3%A9
a=%C3%a9
a=%C3
a=%e9
a=%ff%fe
a=%F0%9F%98%80
a=%80abc
a=x%C3&b=%A9
a=%ED%A0%80
a=%C0%80
a=+
a=++b
a=a+b
a=%2B
a=%2b
a=a%20b
a=%20
a=%0A
a=%0D%0A
a=%09
a=%7E~
a=%00
a=%00b
a=b%00c
a=%0
a=%000
a=<b>&c='d'
a="q"
a=\
a=%5C
a=%5c%22
a=[1]
a=[
a=]
a={"b":[1,2]}
a=%7B%22b%22%3A%5B1%5D%7D
a=,;:/?@
a=!*'()
a=%21%2A%27%28%29
a=null&b=true&c=false
a=0&b=00&c=-0
a=1e5&b=1_0&c=0x1
action=GenInvoices&clientid=7&noemails=1
identifier=abc&secret=d%40e%23f&responsetype=json
A=1&a=2
a=1&A=2
"""

TOP_NAMES = r"""
.=1
..=1
.a=1
a.=1
a.b=1
a..b=1
a%2Eb=1
a.b=1&a_b=2
a_b=1&a.b=2
a+b=1
a%20b=1
a b=1
 a=1
+a=1
++a=1
%20a=1
+=1
%20=1
++=1
+.=1
.+=1
a+=1
a%20=1
+a+=1
%09a=1
a%09b=1
a%0Ab=1
a%0D%0Ab=1
a%0Bb=1
_=1
__=1
-=1
a-b=1
a:b=1
a/b=1
a@b=1
a*b=1
a'b=1
a"b=1
a\b=1
a%b=1
a%25b=1
a%2525b=1
a%=1
%=1
%zz=1
%%=1
%41=1
%4=1
0=1
1=1&0=2
00=1
-1=1
-0=1
007=1
1.5=1
1e3=1
9223372036854775807=1
9223372036854775808=1
this=1
GLOBALS=1
_POST[a]=1
%C3%A9=1
%c3=1
%ff.%fe=1
a%00=1
a%00b=1
%00=1
%00a=1
a%00[b]=1
a%00.b=1&a=2
__Host-a=1
__Secure-a=1
__host-a=1
_.Host-a=1
_ Host-a=1
_+Host-a=1
__Host-a.b=1
__Host.a=1
_.Secure-a=1
._Secure-a=1
..Secure-a=1
_.Host-a[b]=1
_.Host-[a=1
_[Host-a=1
_[Host-=1
_[Secure-a=1
[_Host-a=1
__Host-a[b=1
__Host-[a]=1
 __Host-a=1
._host-a=1
__Secure=1
_.Secure=1
a[__Host-]=1
a[__Host-b]=1
a[__Secure-b]=1
a[b][__Host-c]=1
a[__Host-b][c]=1
a[][__Host-b]=1
a[b__Host-]=1
a[_.Host-]=1
a[__Host-b]=1&a[c]=2
a=1&a[__Host-b]=2
a[b]=1&a[__Host-c]=2
__Host-a[__Host-b]=1
__Host-a[__Secure-b]=1
__Secure-a[__Host-b]=1
_.Host-a[__Host-b]=1
a]=1
]=1
]a=1
a]]=1
a]b=1
a].b=1
"""

BRACKETS = r"""
a[]=1
a[]=1&a[]=2
a[]=
a[]
a[]&a[]
a[0]=1
a[0]=1&a[1]=2
a[1]=1&a[0]=2
a[0]
a%5B0%5D=1
a%5b0%5d=1
a%5B0]=1
a[0%5D=1
a%5B%5D=1&a[]=2
a%255B0%255D=1
a[b]=1
a[b]=1&a[c]=2
a[b]=1&a[b]=2
a[b][c]=1
a[b][c]=1&a[b][d]=2
a[b][c][d]=1
a[b][]=1&a[b][]=2
a[][b]=1&a[][b]=2
a[][b]=1&a[][c]=2
a[][]=1&a[][]=2
a[][][]=1
a[0][]=1&a[0][]=2&a[1][]=3
a[0][0]=1&a[0][1]=2&a[1][0]=3&a[1][1]=4
a[0][1]=1&a[1][1]=2&a[0][2]=3&a[1][2]=4
a[1][0]=1&a[0][0]=2
a[0][0]=1&b[0][0]=2&a[0][1]=3
a[0][0]=1&a[0]=2&a[0][1]=3
a[0][0]=1&a=2&a[0][1]=3
a[0][0]=1&a[0][0][1]=2&a[0][0]=3&a[0][1]=4
a[0]=1&a[0][0]=2
a=1&a[0]=2
a=1&a[]=2
a[0]=1&a=2
a[]=1&a=2&a[]=3
a=1&b=2&a[]=3
a[b]=1&c=2&a=3&a[d]=4
a[b]=1&a[b][c]=2
a[b]=1&a[b][]=2
a[b][c]=1&a[b]=2
a[.]=1
a[b.c]=1
a[b c]=1
a[b+c]=1
a[b%20c]=1
a.b[c.d]=1
a b[c d]=1
 a[b]=1
a [b]=1
a[ b]=1
a[b ]=1
a[ ]=1
a[+]=1
a[%20]=1
a[  ]=1
a[++]=1
a[%09]=1
a[%0A]=1
a[%0B]=1
a[%0C]=1
a[%0D]=1
a[%0D%0A]=1
a[%00]=1
a[%A0]=1
a[%85]=1
a[%C2%A0]=1
a[ 0]=1
a[0 ]=1
a[+0]=1&a[]=2
a[']=1
a["b"]=1
a['b']=1
a[b=c]=1
a[b%3Dc]=1
a[=]=1
a[%3D]=1
a[b&c]=1
a[b%26c]=1
a[%26]=1
a[%25]=1
a[%]=1
a[%4]=1
a[%41]=1
a[%zz]=1
a[%2525]=1
a[b%00c]=1
a[b%00]=1&a[b]=2
a[b][%00]=1
a[b][c%00d]=1
a[b]%00[c]=1
a[%C3%A9]=1
a[%ff]=1
a[%e9][%e8]=%e7
%C3%A9[%C3%A9]=%C3%A9
"""

MALFORMED = r"""
[=1
[]=1
[a]=1
[a=1
[a][b]=1
[[a]]=1
 [a]=1
.[a]=1
.[a=1
+[a]=1
%20[a]=1
%00[a]=1
a[=1
a[b=1
a[b.c=1
a[b c=1
a.b[c=1
a.b[c.d=1
a[b[c=1
a[b[c.d[e=1
a[[=1
a[[[=1
a[ =1
a[+b=1
a[%00=1
a[b%00=1
a[]b=1
a[]b]=1
a[]]=1
a[]]]=1
a[][=1
a[][b=1
a[][b]=1
a[b][=1
a[b][c=1
a[b][c.d=1
a[b][ =1
a[b][ ]=1
a[b][c][=1
a[b]c=1
a[b]]=1
a[b].c=1
a[b] =1
a[b]c[d]=1
a[b]c[0]=1&a[b]c[1]=2
a[b] [c]=1
a[b].[c]=1
a[0]x[0]=1&a[0]x[1]=2
a[0]x][0]=1&a[0]x][1]=2
a[[b]=1
a[[b]]=1
a[[]=1
a[[]]=1
a[[0]=1&a[[1]=2
a[b[0]=1&a[b[1]=2
a[b[c]=1
a[b[c]]=1
a[b[c]][d]=1
a[b][[c]=1
a[b][[c]]=1
a[b]][c]=1
a]b[c]=1
a][b]=1
a][b=1
a[]=1&a[=2
a[=1&a[]=2
a[=1&a_=2
a[b=1&a_b=2
a[0=1&a[0]=2
"""

KEYS = r"""
a[00]=1&a[0]=2&a[]=3
a[0]=1&a[00]=2&a[]=3
a[01]=1&a[]=2
a[-0]=1&a[]=2
a[-1]=1&a[]=2
a[-5]=1&a[]=2
a[-5]=1&a[-9]=2&a[]=3
a[-9]=1&a[-5]=2&a[]=3
a[-5]=1&a[]=2&a[]=3
a[-1]=1&a[]=2&a[]=3
a[-05]=1&a[]=2
a[--5]=1&a[]=2
a[-]=1&a[]=2
a[+5]=1&a[]=2
a[%2B5]=1&a[]=2
a[ 5]=1&a[]=2
a[5 ]=1&a[]=2
a[5.0]=1&a[]=2
a[1e2]=1&a[]=2
a[0x5]=1&a[]=2
a[5]=1&a[]=2
a[5]=1&a[]=2&a[3]=3&a[]=4
a[5]=1&a[7]=2&a[]=3&a[6]=4&a[]=5
a[]=1&a[5]=2&a[]=3
a[]=1&a[x]=2&a[]=3
a[x]=1&a[]=2
a[]=1&a[]=2&a[0]=3&a[]=4
a[]=1&a[1]=2&a[1]=3&a[]=4
a[5]=1&a=2&a[]=3
a[5][]=1&a[5]=2&a[5][]=3
a[][5]=1&a[][]=2&a[0][]=3
a[2147483647]=1&a[]=2
a[2147483648]=1&a[]=2
a[-2147483649]=1&a[]=2
a[9223372036854775806]=1&a[]=2
a[9223372036854775806]=1&a[]=2&a[]=3
a[9223372036854775807]=1&a[]=2
a[9223372036854775807]=1&a[]=2&b=3
a[9223372036854775807]=1&a[][b]=2&c=3
a[9223372036854775807][]=1&a[9223372036854775807][]=2
a[9223372036854775808]=1&a[]=2
a[18446744073709551615]=1&a[]=2
a[18446744073709551616]=1&a[]=2
a[99999999999999999999]=1&a[]=2
a[-9223372036854775807]=1&a[]=2
a[-9223372036854775808]=1&a[]=2
a[-9223372036854775809]=1&a[]=2
a[-99999999999999999999]=1&a[]=2
a[09223372036854775807]=1&a[]=2
a[1]=x&a[255]=y&a[256]=z&a[]=w
a[%31]=1&a[]=2
a[%D9%A1]=1&a[]=2
0[]=1&0[]=2
5=1&[]=2
a[13]=x&a[7]=y&a[]=z
pricing[1][monthly]=1.00&pricing[1][annually]=10.00
domainrenewals[example.com]=1&domainrenewals[example.org]=2
email_preferences[general]=1&email_preferences[invoice]=0
itemdescription[13]=a&itemdescription[14]=b
serviceids[0]=1&serviceids[1]=2
serviceids%5B0%5D=1&serviceids%5B1%5D=2
deletelineids[]=11&deletelineids[]=12
serviceids[]=5,6
serviceids=5,6
serviceids=
serviceids[]=
data[0][0]=A&data[0][1]=1&data[0][2]=&data[2][0]=B&data[2][13]=5
data[0][0]=10%25+off&data[0][1]=a%26b&data[0][2]=c%3Dd&data[1][0]=e
data[0][0]=1&data[0]%5B1%5D=2&data%5B0%5D[2]=3
data[0][0]=1&data[0][01]=2&data[0][1]=3
data[0][]=1&data[0][]=2&data[1][]=3
data[][]=1&data[][]=2
data[][0]=1&data[][1]=2
data[0][0]=x&data[0][0][0]=y&data[0][1]=z
data[0][300]=x&data[0][301]=y
data.x[0][0]=1&data.x[0][1]=2&data_x[0][2]=3
 data[0][0]=1& data[0][1]=2
da%00ta[0][0]=1&da%00ta[0][1]=2
data[0%00][0]=1&data[0%00][1]=2
data[0][0]%00=1&data[0][1]%00=2
data[0 ][0]=1&data[0 ][1]=2
data%2525[0]=1&data%2525[1]=2
"""

RAW_BODIES = [
    b"a=\xff",
    b"a=\xc3\xa9",
    b"a=\xc3%A9",
    b"a=%C3\xa9",
    b"\xc3\xa9=1",
    b"a[\xc3\xa9]=1&a[\xe9]=2",
    b"a[\xa0]=1",
    b"a=x\0y&b=1",
    b"a\0b=1&c=2",
    b"a=\0",
    b"a[0\0]=1&d=2",
    b"a=1\r\n",
    b"\r\na=1",
    b"a=1\r\nb=2",
    b"a=%\r\n41&b=2",
    b"a=%\r",
    b"a=%\n",
    b"a=%4\n1",
    b"a=%\r%41%\n%42\n",
    b"a=\t1",
    b"\ta=1",
    b"a[\t]=1",
    b"a[\n]=1&a[\r]=2&a[\v]=3&a[\f]=4",
    b"a=_&b_c=_",
    b"a=x \r\n \r\n&b=y ",
    b'{"a":"b&c=d"}',
    b"\xef\xbb\xbfa=1",
    b"a=\xed\xa0\x80&b=\xf4\x90\x80\x80",
]

QUERY_AND_BODY = [
    ("a=1", b""),
    ("a=1", b"a=2"),
    ("a=1&b=2", b"b=3&c=4"),
    ("a[0]=1", b"a[1]=2"),
    ("a[0]=1&a[1]=2", b"a[0]=3"),
    ("a[]=1", b"a[]=2"),
    ("a[x][y]=1", b"a[x][z]=2&a[w]=3"),
    ("a[x]=1", b"a=2"),
    ("a=1", b"a[x]=2"),
    ("a[x][y]=1", b"a[x]=2"),
    ("a[x]=1", b"a[x][y]=2"),
    ("b=1&a=2", b"a=3&b=4"),
    ("a.b=1", b"a_b=2"),
    ("a=", b"a=1"),
    ("a=1", b"a="),
    ("5=1", b"05=2&5=3"),
    ("apiformat=json", b"a=1"),
    ("a[5]=1", b"a[]=2"),
]


def part(settings: bytes, value: bytes = b"v", headers: bytes = b"") -> bytes:
    """Write one part of a multipart body."""
    head = b"--B\r\nContent-Disposition: form-data; " + settings + b"\r\n" + headers
    return head + b"\r\n" + value + b"\r\n"


END = b"--B--\r\n"
MULTIPART_BODIES = [
    *(
        part(settings) + END
        for settings in (
            b'name="a"',
            b"name=a",
            b"name='a'",
            b'NAME="a"',
            b'name=""',
            b'name="a b.c"',
            b'name=" a"',
            b'name="a.b[c.d]"',
            b'name="a+b"',
            b'name="a%5B0%5D"',
            b'name="a%20b"',
            b'name="a&b=c"',
            b'name="a;b"',
            b'name="a\\"b"',
            b'name="a\\\\b"',
            b'name="a\\bc"',
            b"name='a\\'b'",
            b"name='a\\\"b'",
            b"name='a\"b'",
            b'name="a\'b"',
            b"name=a[0]",
            b'name="a[]"',
            b'name="a[b"',
            b'name="a[b][c"',
            b'name="[a]"',
            b'name="a[ ]"',
            b'name="\xc3\xa9"',
            b'name="\xe9"',
            b'name="a[\xff]"',
            b'name="_.Host-a"',
            b'name="a"; name="b"',
            b'name="a" ; x=y',
            b'name="a"; x="y;z"',
            b'x=y; name="a"',
            b'\r\n name="a"',
            b'name="a"; note=""',
        )
    ),
    *(
        part(b'name="a"', value) + END
        for value in (
            b"",
            b" x ",
            b"x\r\n",
            b"\r\nx",
            b"x\r\ny",
            b"\n",
            b"x\0y",
            b"\xc3\xa9",
            b"\xff",
            b"a+b%20c&d=e",
            b"--",
            b"--b--",
            b"x--B",
            b"\r\n-B",
        )
    ),
    part(b'name="a"', b"x", b"Content-Type: text/plain; charset=iso-8859-1\r\n") + END,
    part(b'name="a"', b"eA==", b"Content-Transfer-Encoding: base64\r\n") + END,
    part(b'name="a"').replace(b"Content-Disposition", b"CONTENT-disposition") + END,
    part(b'name="a"').replace(b"form-data", b"Form-Data") + END,
    part(b'name="a"').replace(b"Disposition: ", b"Disposition:") + END,
    part(b'name="a"', b"1") + part(b'name="a"', b"2") + END,
    part(b'name="a[]"', b"1") + part(b'name="a[]"', b"2") + END,
    part(b'name="a[5]"', b"1") + part(b'name="a[]"', b"2") + END,
    part(b'name="a"', b"1") + part(b'name="a[b]"', b"2") + END,
    part(b'name="data[0][0]"', b"x") + part(b'name="data[0][1]"', b"y") + END,
    part(b'name="b"') + part(b'name="a"') + END,
    part(b'name="a"') + b"--B--",
    b"preamble\r\n" + part(b'name="a"') + END,
    part(b'name="a"') + END + b"epilogue",
    (part(b'name="a"') + END).replace(b"\r\n", b"\n"),
    END,
    part(b'name="a"') + part(b'name="f"; filename=""', b"") + END,
    part(b'name="a"', b"1\r\n2\n3") + part(b'name="c"', b"\r\n\r\n") + END,
]
MULTIPART_TYPES = [
    'multipart/form-data; boundary="B"',
    "multipart/form-data;boundary=B",
    "multipart/form-data; boundary=B; charset=utf-8",
    "multipart/form-data; charset=utf-8; boundary=B",
    "Multipart/Form-Data; Boundary=B",
]


def vectors() -> list[dict[str, Any]]:
    """List every request, still without what PHP makes of it."""
    texts = [
        line
        for group in (FLAT, TOP_NAMES, BRACKETS, MALFORMED, KEYS)
        for line in group.strip("\n").split("\n")
    ]
    forms = [*(text.encode("latin-1") for text in texts), *RAW_BODIES, deep(63), deep(64)]
    multipart = [
        *((body, "multipart/form-data; boundary=B") for body in MULTIPART_BODIES),
        *((part(b'name="a"') + END, content_type) for content_type in MULTIPART_TYPES),
    ]
    return [
        *({"body": body.decode("latin-1")} for body in forms),
        *({"query": query, "body": body.decode("latin-1")} for query, body in QUERY_AND_BODY),
        *({"content_type": kind, "body": body.decode("latin-1")} for body, kind in multipart),
    ]


def deep(levels: int) -> bytes:
    """Write a name with so many brackets; PHP's own limit is 64."""
    return b"a" + b"[x]" * levels + b"=1"


def text_of(pairs: Any) -> Any:
    """Undo base64 in what the router answers."""
    if isinstance(pairs, str):
        return base64.b64decode(pairs).decode("latin-1")
    return [[text_of(key), text_of(value)] for key, value in pairs]


def main() -> None:
    """Ask PHP and write the data."""
    php = shutil.which("php")
    if php is None:
        raise SystemExit("php-cli is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["-n", "-d", "max_input_vars=100000", "-d", "request_order=GP"]
    router = str(HERE / "phpform_vectors.php")
    server = subprocess.Popen(  # noqa: S603  # a fixed command
        [php, *settings, "-S", f"127.0.0.1:{port}", router],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = vectors()
    version = ""
    try:
        wait_for(port)
        for vector in found:
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request(
                "POST",
                "/?" + vector.get("query", ""),
                body=vector["body"].encode("latin-1"),
                headers={"Content-Type": vector.get("content_type", URLENCODED)},
            )
            answer = json.loads(connection.getresponse().read())
            connection.close()
            vector["params"] = text_of(answer["params"])
            version = answer["php"]
    finally:
        server.terminate()
        server.wait()
    lines = ",\n".join(json.dumps(vector) for vector in found)
    DATA.write_text(f'{{"php": "{version}", "vectors": [\n{lines}\n]}}\n', encoding="ascii")
    print(f"{len(found)} vectors by PHP {version}")  # noqa: T201  # a script


def wait_for(port: int) -> None:
    """Return once the server listens."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("php -S does not answer")


if __name__ == "__main__":
    main()
