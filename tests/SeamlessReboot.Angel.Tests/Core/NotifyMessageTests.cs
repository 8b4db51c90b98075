using System.Text;
using SeamlessReboot.Angel.Monitoring;

namespace SeamlessReboot.Angel.Tests.Core;

internal sealed class NotifyMessageTests
{
    [Test]
    public void All_lines_of_the_protocol_are_understood()
    {
        NotifyMessage message = Parse("READY=1\nRELOADING=1\nSTOPPING=1\nWATCHDOG=1\nSTATUS=3 guests\nMAINPID=42\nERRNO=5\nWATCHDOG_USEC=1500000\n"
            + "EXTEND_TIMEOUT_USEC=2000000\nFDSTORE=1\nFDSTOREREMOVE=1\nFDNAME=s1\nFDPOLL=0\nMONOTONIC_USEC=1\nBARRIER=1\nWHAT=ever");
        Assert.Multiple(() =>
        {
            Assert.That(message is { Ready: true, Reloading: true, Stopping: true, Heartbeat: true, Store: true, Remove: true, Watched: false, IsKnown: true });
            Assert.That(message.Status, Is.EqualTo("3 guests"));
            Assert.That(message.MainPid, Is.EqualTo(42));
            Assert.That(message.ErrorNumber, Is.EqualTo(5));
            Assert.That(message.Watchdog, Is.EqualTo(TimeSpan.FromSeconds(1.5)));
            Assert.That(message.MoreTime, Is.EqualTo(TimeSpan.FromSeconds(2)));
            Assert.That(message.Name, Is.EqualTo("s1"));
        });
    }

    [Test]
    public void A_seamless_server_says_what_it_is()
    {
        NotifyMessage message = Parse("READY=1\nX_SEAMLESSREBOOT=1\nX_SEAMLESSREBOOT_GENERATION=7\nX_SEAMLESSREBOOT_REBOOT_SIGNAL=1\nX_SEAMLESSREBOOT_SPOOL=/var/spool/a=b");
        Assert.That(message.Seamless, Is.EqualTo(new Children.SeamlessServer(7, 1, null, "/var/spool/a=b")));
    }

    [TestCase("")]
    [TestCase("=1")]
    [TestCase("READY")]
    [TestCase("READY=2")]
    [TestCase("ready=1")]
    [TestCase(" READY=1")]
    [TestCase("READY=1 ")]
    [TestCase("MAINPID=-3")]
    [TestCase("MAINPID=1")]
    [TestCase("MAINPID=99999999999999999999")]
    [TestCase("WATCHDOG_USEC=abc")]
    [TestCase("X_SEAMLESSREBOOT=0")]
    public void What_is_not_the_protocol_is_passed_over(string text) => Assert.That(Parse(text).IsKnown, Is.False);

    [TestCase("a:b")]
    [TestCase("")]
    [TestCase("tab\there")]
    [TestCase("umläut")]
    public void A_name_that_is_none_is_no_name(string name) => Assert.That(Parse($"FDSTORE=1\nFDNAME={name}").Name, Is.Null);

    [Test]
    public void A_name_may_have_255_characters()
    {
        Assert.That(Parse("FDNAME=" + new string('x', 255)).Name, Has.Length.EqualTo(255));
        Assert.That(Parse("FDNAME=" + new string('x', 256)).Name, Is.Null);
    }

    [Test]
    public void A_status_cannot_steer_a_terminal() => Assert.That(Parse("STATUS=red \u001b[31m\u0007alert").Status, Is.EqualTo("red ?[31m?alert"));

    [Test]
    public void A_signal_out_of_range_is_none() =>
        Assert.That(Parse("X_SEAMLESSREBOOT=1\nX_SEAMLESSREBOOT_REBOOT_SIGNAL=65\nX_SEAMLESSREBOOT_CHECKPOINT_SIGNAL=0").Seamless,
            Is.EqualTo(new Children.SeamlessServer(0, null, null, null)));

    [Test]
    public void No_datagram_is_too_strange()
    {
        Random random = new(20261121);
        string[] pieces = ["READY=1", "FDNAME=", "=", "\n", "\0", "WATCHDOG_USEC=18446744073709551615", "MAINPID=", "X_SEAMLESSREBOOT_GENERATION=", "\u001b", "STATUS=", "9999999999999999999999", "-1", "EXTEND_TIMEOUT_USEC="];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] datagram = new byte[random.Next(200)];
            random.NextBytes(datagram);
            string mixed = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => pieces[random.Next(pieces.Length)]));
            byte[] both = [.. Encoding.UTF8.GetBytes(mixed), .. random.Next(2) == 0 ? datagram : []];
            Assert.That(() => NotifyMessage.Parse(both), Throws.Nothing);
        }
    }

    private static NotifyMessage Parse(string text) => NotifyMessage.Parse(Encoding.UTF8.GetBytes(text));
}
