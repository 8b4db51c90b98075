using SeamlessReboot.Angel.Descriptors;

namespace SeamlessReboot.Angel.Tests.Front;

internal sealed class ListenUriTests
{
    [TestCase("tcp://127.0.0.1:4000", "127.0.0.1", 4000, "tcp-4000")]
    [TestCase("tcp://*:80", "::", 80, "tcp-80")]
    [TestCase("tcp://:8080", "::", 8080, "tcp-8080")]
    [TestCase("tcp4://*:80", "0.0.0.0", 80, "tcp4-80")]
    [TestCase("tcp6://[::1]:0", "::1", 0, "tcp6-0")]
    [TestCase("TCP://localhost:443#https", "localhost", 443, "https")]
    [TestCase("tcp://h:1#a%3Ab c", "h", 1, "a_b_c")]
    public void A_host_and_a_port(string text, string host, int port, string name)
    {
        Uri uri = ListenUri.Parse(text);
        Assert.Multiple(() =>
        {
            Assert.That(ListenUri.Host(uri), Is.EqualTo(host));
            Assert.That(uri.Port, Is.EqualTo(port));
            Assert.That(ListenUri.Name(uri), Is.EqualTo(name));
        });
    }

    [TestCase("unix:///run/a.sock", "/run/a.sock", null, "unix-a.sock")]
    [TestCase("unix:///run/a%20b?mode=0660#x", "/run/a b", 0x1B0, "x")]
    public void A_path(string text, string path, int? mode, string name)
    {
        Uri uri = ListenUri.Parse(text);
        Assert.Multiple(() =>
        {
            Assert.That(ListenUri.Path(uri), Is.EqualTo(path));
            Assert.That((int?)ListenUri.Mode(uri), Is.EqualTo(mode));
            Assert.That(ListenUri.Name(uri), Is.EqualTo(name));
        });
    }

    [TestCase("4000", "no scheme")]
    [TestCase("udp://*:53", "'udp'")]
    [TestCase("tcp://host", "no port")]
    [TestCase("tcp://host:", "not a port")]
    [TestCase("tcp://host:70000", "'70000'")]
    [TestCase("tcp://host:x", "'x'")]
    [TestCase("tcp://::1:80", "brackets")]
    [TestCase("tcp://[::1]", "no port")]
    [TestCase("tcp4://[::1]:80", "family")]
    [TestCase("tcp6://127.0.0.1:80", "family")]
    [TestCase("tcp://a b:80", "not a host")]
    [TestCase("unix://run/x", "absolute")]
    [TestCase("unix:///", "no file")]
    [TestCase("unix:///a?mode=999", "OCTAL")]
    [TestCase("unix:///a?mood=700", "OCTAL")]
    public void What_cannot_be_listened_at_is_refused_with_the_reason(string text, string why) =>
        Assert.That(() => ListenUri.Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains(why));

    [Test]
    public void A_path_longer_than_the_kernel_takes_is_refused() =>
        Assert.That(() => ListenUri.Parse("unix:///" + new string('x', 107)), Throws.TypeOf<FormatException>().With.Message.Contains("107 bytes"));
}
