using Mono.Unix.Native;
using SeamlessReboot.Posix;
using SeamlessReboot.Spool;
using SeamlessReboot.Tests.Support;

namespace SeamlessReboot.Tests.Spool;

/// <summary>Where a spool directory is looked for, and what is stepped over.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SpoolPlacesTests
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly List<string> _warnings = [];

    private SpoolPlaces Places(string? named, params string[] defaults) => new(named, () => defaults, w =>
    {
        lock (_warnings)
            _warnings.Add(w);
    });

    private static void Squat(string how, string path)
    {
        switch (how)
        {
            case "file":
                File.WriteAllText(path, "");
                break;
            case "link to a directory":
                Directory.CreateDirectory(path + ".target", Private);
                File.CreateSymbolicLink(path, path + ".target");
                break;
            case "link to nowhere":
                File.CreateSymbolicLink(path, path + ".target");
                break;
            case "directory that others may read":
                Directory.CreateDirectory(path);
                File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
                break;
            case "directory of another user":
                if (Syscall.geteuid() != 0)
                    Assert.Ignore("Only root can give a directory to somebody else.");
                Directory.CreateDirectory(path, Private);
                Assert.That(Syscall.chown(path, 65534, 65534), Is.Zero);
                break;
        }
    }

    [Test]
    public void The_default_places_are_tried_in_order()
    {
        Dictionary<string, string> variables = new() { ["RUNTIME_DIRECTORY"] = "/run/a:/run/b", ["XDG_RUNTIME_DIR"] = "/run/user/7" };
        Assert.That(SpoolPlaces.Defaults(variables.GetValueOrDefault, "/tmp", "7", "talker"), Is.EqualTo(new[]
        {
            "/run/a/seamlessreboot-7-talker", "/run/user/7/seamlessreboot-7-talker", "/dev/shm/seamlessreboot-7-talker", "/tmp/seamlessreboot-7-talker",
        }));
        Assert.That(SpoolPlaces.Defaults(_ => null, "/tmp", "7", "talker"), Is.EqualTo(new[] { "/dev/shm/seamlessreboot-7-talker", "/tmp/seamlessreboot-7-talker" }));
    }

    [Test]
    public void What_has_the_name_and_is_somebody_elses_is_stepped_over([Values("file", "link to a directory", "link to nowhere",
        "directory that others may read", "directory of another user")] string how)
    {
        using TempDirectory temp = new();
        Squat(how, temp["spool"]);
        Squat(how, temp["spool-2"]);
        using SpoolPlaces places = Places(null, temp["spool"]);
        places.Open();
        Assert.That(places.Directory!.Path, Is.EqualTo(temp["spool-3"]));
    }

    [Test]
    public void Two_servers_of_one_name_have_two_directories_and_the_third_takes_what_the_first_has_left()
    {
        using TempDirectory temp = new();
        SpoolPlaces first = Places(null, temp["spool"]);
        using SpoolPlaces second = Places(null, temp["spool"]), third = Places(null, temp["spool"]);
        first.Open();
        second.Open();
        Assert.That((first.Directory!.Path, second.Directory!.Path), Is.EqualTo((temp["spool"], temp["spool-2"])));
        first.Dispose();
        third.Open();
        Assert.That(third.Directory!.Path, Is.EqualTo(temp["spool"]));
    }

    [Test]
    public void A_place_that_will_not_do_is_passed_over_for_the_next()
    {
        using TempDirectory temp = new();
        File.WriteAllText(temp["file"], "");
        using SpoolPlaces places = Places(null, temp["never/there"], temp["file/below"], "/proc/spool", "/dev/full/spool", temp["spool"]);
        places.Open();
        Assert.That(places.Directory!.Path, Is.EqualTo(temp["spool"]));
        Assert.That(Directory.Exists(temp["never"]), Is.False, "Nothing is made above it.");
    }

    [Test]
    public void Where_no_place_will_do_the_server_starts_and_reboots_through_memory()
    {
        using TempDirectory temp = new();
        using SpoolPlaces places = Places(null, temp["never/there"]);
        places.Open();
        Assert.That(places.Directory, Is.Null);
        Assert.That(_warnings.Single(w => w.Contains(temp.Path, StringComparison.Ordinal)),
            Does.Contain("No spool directory can be made").And.Contain("through a memory file").And.Contain("Set RebooterOptions.SpoolDirectory"));
        Assert.That(() => places.Require(), Throws.TypeOf<IOException>());
        using RebootSpool spool = places.BeginReboot(1000);
        Assert.That(spool.Memory, Is.Not.Null);
    }

    [Test]
    public void A_named_directory_that_cannot_be_used_is_an_error_and_no_other_is_taken()
    {
        using TempDirectory temp = new();
        Squat("file", temp["named"]);
        using SpoolPlaces places = Places(temp["named"], temp["default"]);
        Assert.That(places.Open, Throws.TypeOf<IOException>().With.Message.Contains(temp["named"]));
        Assert.That(Directory.Exists(temp["default"]), Is.False);
    }

    [Test]
    public void One_that_was_removed_is_made_anew_in_its_place([Values] bool isNamed)
    {
        using TempDirectory temp = new();
        using SpoolPlaces places = isNamed ? Places(temp["spool"]) : Places(null, temp["spool"]);
        places.Open();
        Assert.That(places.Renew(anywhere: false), Is.False);
        Directory.Delete(temp["spool"]);
        Assert.That(places.Renew(anywhere: false), Is.True);
        Assert.That((int)File.GetUnixFileMode(temp["spool"]), Is.EqualTo(0x1C0));
        Assert.That(places.Directory!.IsAt(temp["spool"]), Is.True);
    }

    [Test]
    public void One_that_was_removed_and_cannot_be_made_anew_leaves_memory_until_it_can([Values] bool isNamed)
    {
        using TempDirectory temp = new();
        Directory.CreateDirectory(temp["run"]);
        using SpoolPlaces places = isNamed ? Places(temp["run/spool"]) : Places(null, temp["run/spool"], temp["other"]);
        places.Open();
        Directory.Delete(temp["run"], recursive: true);
        File.WriteAllText(temp["run"], "");
        Assert.That(places.Renew(anywhere: false), Is.False);
        Assert.That(places.Directory, Is.Null);
        using (RebootSpool spool = places.BeginReboot(1000))
            Assert.That(spool.Memory, Is.Not.Null);
        Assert.That(Directory.Exists(temp["other"]), Is.False, "A reboot leaves nothing behind in other places.");
        File.Delete(temp["run"]);
        Directory.CreateDirectory(temp["run"]);
        Assert.That(places.Renew(anywhere: false), Is.True);
        Assert.That(places.Directory!.Path, Is.EqualTo(temp["run/spool"]));
    }

    [Test]
    public void For_a_checkpoint_another_default_place_will_do()
    {
        using TempDirectory temp = new();
        Directory.CreateDirectory(temp["run"]);
        using SpoolPlaces places = Places(null, temp["run/spool"], temp["other"]);
        places.Open();
        Directory.Delete(temp["run"], recursive: true);
        Assert.That(places.Renew(anywhere: true), Is.True);
        Assert.That(places.Require().Path, Is.EqualTo(temp["other"]));
    }

    [Test]
    public void What_the_process_before_had_is_gone_on_with()
    {
        using TempDirectory temp = new();
        using SpoolPlaces places = Places(null, temp["default"]);
        places.Take(SpoolDirectory.Open(temp["spool-2"]), temp["spool-2"]);
        Directory.Delete(temp["spool-2"]);
        Assert.That(places.Renew(anywhere: false), Is.True);
        Assert.That(places.Directory!.Path, Is.EqualTo(temp["spool-2"]));
        using SpoolPlaces none = Places(null, temp["default"]);
        none.Take(null, temp["spool-3"]);
        Assert.That(none.Require, Throws.TypeOf<IOException>().With.Message.Contains(temp["spool-3"]));
        Assert.That(none.Renew(anywhere: false), Is.True);
        Assert.That(none.Directory!.Path, Is.EqualTo(temp["spool-3"]));
    }

    [Test]
    public void Only_a_lock_that_is_held_is_held()
    {
        const int PathOnly = 0x200000; // O_PATH: flock gives EBADF for it, as others do where there are no locks
        using TempDirectory temp = new();
        using DirectoryHandle first = DirectoryHandle.Open(temp.Path), second = DirectoryHandle.Open(temp.Path);
        using DirectoryHandle without = DirectoryHandle.Adopt(Syscall.open(temp.Path, (OpenFlags)PathOnly));
        Assert.That(first.TryLock(), Is.EqualTo(LockResult.Taken));
        Assert.That(second.TryLock(), Is.EqualTo(LockResult.HeldByAnother));
        Assert.That(without.TryLock(), Is.EqualTo(LockResult.NoLocks));
    }
}
