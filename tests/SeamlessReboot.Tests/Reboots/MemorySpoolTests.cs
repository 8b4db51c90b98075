using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Reboots;

/// <summary>Where the spool directory will not do, a reboot goes through a memory file, and says so.</summary>
internal sealed class MemorySpoolTests : RebooterFixture
{
    [Test]
    public async Task A_directory_that_others_may_read_since_the_start_is_not_used()
    {
        Image image = New().Register().Serve();
        Legacy legacy = await RebootThroughMemoryAsync(image, () => File.SetUnixFileMode(SpoolDirectory, (UnixFileMode)0x1FF),
            "has mode 0777", $"Run: chmod 0700 '{SpoolDirectory}'");
        Assert.That(legacy.Note.SpoolFd, Is.Not.Negative, "Its lock is handed on nevertheless.");
    }

    [Test]
    public async Task A_directory_in_which_no_file_can_be_made_is_not_used()
    {
        Image image = New().Register().Serve();
        await RebootThroughMemoryAsync(image, () => Directory.CreateDirectory(Path.Combine(SpoolDirectory, "new.spool")), "EEXIST");
    }

    [Test]
    public async Task A_directory_that_was_removed_and_cannot_be_made_anew_is_done_without()
    {
        Image image = New().Register().Serve();
        Legacy legacy = await RebootThroughMemoryAsync(image, () =>
        {
            Directory.Delete(SpoolDirectory);
            File.WriteAllText(SpoolDirectory, "");
        }, $"The spool directory '{SpoolDirectory}' cannot be opened");
        Assert.That(legacy.Note.SpoolFd, Is.EqualTo(-1));
    }

    private async Task<Legacy> RebootThroughMemoryAsync(Image image, Action spoil, params string[] said)
    {
        Client client = Connect(image);
        await client.SaysAndHearsAsync("a\n", "1 a\n");
        image.World = "carried";
        client.Say("half");
        spoil();
        Legacy legacy = await image.RebootAsync();
        Assert.That(legacy.Note.MemoryFd, Is.Not.Negative);
        foreach (string part in (string[])["memory file instead", .. said])
            Assert.That(image.Log.Has(part), Is.True, part);
        Image next = Next(legacy).Register().Serve();
        Assert.That(next.World, Is.EqualTo("carried"));
        await client.SaysAndHearsAsync(" b\n", "2 half b\n");
        Assert.That(next.Log.Has("damaged"), Is.False);
        return legacy;
    }
}
